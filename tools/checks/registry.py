"""The table of checkers. To add one: write checks/NAME.py with `check(tree)` giving problems as text, and `BAD`, trees
that it must catch as (files, part of the message); then its name here. Nothing else."""

import importlib

NAMES = ["words", "text", "includes", "order", "sizes", "folders", "layout", "headers", "exports", "commits", "snippets"]
CHECKERS = {name: importlib.import_module(name) for name in NAMES}

"""Every folder explains itself: a README of at most 40 lines."""

import re

MOST = 40
TOP = r"^(cli|tests|tools|packaging|console|nginx|fuzz|lib|daemons)(?=/)"


def wanted(tree):
    """Folders that hold code of their own; lib/ and daemons/ are explained by their members."""
    folders = set()
    for name in tree.files:
        parts = name.split("/")
        if not re.match(TOP, name) or parts[-1] in ("meson.build", "README.md"):
            continue
        if parts[0] in ("lib", "daemons"):
            folders |= {"/".join(parts[:2])} if len(parts) > 2 else set()
        else:
            folders.add(parts[0])
    return sorted(folders)


def check(tree):
    problems = [f"{folder}: README.md is missing" for folder in wanted(tree) if f"{folder}/README.md" not in tree.files]
    for name in tree.matching(r"^(lib|daemons|cli|tests|tools|packaging|console|nginx|content)/.*README\.md$"):
        count = len(tree.lines(name)) - 1
        if count > MOST:
            problems.append(f"{name}: {count} lines; at most {MOST}")
    return problems


BAD = [
    ({"lib/base/a.c": "int a;\n"}, "README.md is missing"),
    ({"daemons/api/main.c": "int a;\n"}, "daemons/api"),
    ({"lib/base/README.md": "x\n" * 41}, "at most 40"),
]

"""The form of the newest commits: `folder: imperative`, at most 72 characters, then an empty line. History from before
the rule was checked stays as it is."""

import re

from tree import Skip
from words import WORKPLACE

NEWEST = 20
SINCE = "2026-11-20T21:12:00Z"
SUBJECT = re.compile(r"^[a-z0-9_./-]+(, [a-z0-9_./-]+)*: \S.*[^.]$")


def problems_of(number, message):
    lines = message.split("\n")
    if len(lines[0]) > 72:
        yield f"commit {number}: the subject has {len(lines[0])} characters; at most 72"
    if not SUBJECT.match(lines[0]):
        yield f"commit {number}: `{lines[0][:60]}` is not `folder: what it does`"
    if len(lines) > 1 and lines[1].strip():
        yield f"commit {number}: an empty line follows the subject"
    if WORKPLACE.search(message):
        yield f"commit {number}: the repository speaks of jinwu alone"


def check(tree):
    log = tree.log(NEWEST, SINCE)
    if not log:
        raise Skip("no commits here since " + SINCE)
    return [problem for number, message in log for problem in problems_of(number, message)]


BAD_MESSAGES = ["wip", "base: " + "x" * 70, "base: fine\nbut no empty line", "Base things", "base: see /wo" "rk/main"]
BAD = []

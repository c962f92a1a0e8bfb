"""Bytes, first lines and guards of files."""

import re

SOURCES = r"\.(c|h|def|py|md|yaml|yml|sh|ts|tsx|css|json)$|meson\.build$"


def check(tree):
    problems = []
    for name in tree.matching(SOURCES):
        if name.startswith("third_party/") or "/seeds/" in name:
            continue
        raw = tree.raw(name)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as why:
            problems.append(f"{name}: not UTF-8 at byte {why.start}")
            continue
        if b"\r" in raw:
            problems.append(f"{name}: carriage returns; lines end with a newline alone")
        if raw and not raw.endswith(b"\n"):
            problems.append(f"{name}: the last line has no end")
        problems += [f"{name}:{i + 1}: blanks at the end of the line" for i, line in enumerate(text.split("\n"))
                     if line.endswith((" ", "\t")) and not name.endswith(".md")]
        if not name.endswith((".c", ".h", ".def")):
            continue
        problems += [f"{name}:{i + 1}: a tab; write \\t in texts, four blanks elsewhere"
                     for i, line in enumerate(text.split("\n")) if "\t" in line]
        if not text.startswith(f"/* {name} — "):
            problems.append(f"{name}:1: the first line says what the file is: /* {name} — … */")
        if name.endswith(".h") and not re.search(r"^#pragma once$", text, re.M):
            problems.append(f"{name}: #pragma once is missing")
    return problems


BAD = [
    ({"lib/base/a.c": "/* lib/base/b.c — moved */\n"}, "first line"),
    ({"lib/base/a.h": "/* lib/base/a.h — x */\nint a;\n"}, "#pragma once"),
    ({"docs/a.md": b"\xff\n"}, "not UTF-8"),
    ({"lib/base/a.c": "/* lib/base/a.c — x */\nint a; \n"}, "blanks at the end"),
    ({"lib/base/a.c": "/* lib/base/a.c — x */\n\tint a;\n"}, "a tab"),
    ({"lib/base/a.c": "/* lib/base/a.c — x */"}, "no end"),
]

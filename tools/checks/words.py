"""Calls and words that do not belong into the tree."""

import re

# Put together, so that this file does not hold what it forbids.
OPEN_ENDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
WORKPLACE = re.compile("|".join(["/wo" "rk/(main|shared)", "/tm" "p/wt", "/tm" "p/brief", r"\bwork" r"tree\b", r"\bclau" r"de\b",
                                 r"\banthro" r"pic\b", r"\bchat" r"gpt\b", r"\bopen" r"ai\b", "Co-authored" "-by", "Generated" " with"]),
                       re.I)
JUMP = re.compile(r"\bgo" r"to\s+\w+\s*;")
CALLS = re.compile(r"(?<![\w.>])(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|gmtime|localtime|"
                   r"ctime|asctime|system|popen|tmpnam|tempnam|mktemp|setjmp|longjmp|alloca)\s*\(")
STRINGS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'')
COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
PROGRAMS = r"(\.(c|h|def|py|sh|ts|tsx|yaml|yml|toml|css)|meson\.build|meson_options\.txt|^run|^test|^tools/[a-z_]+)$"


def blank(match):
    """Keeps the lines, so that numbers stay right."""
    return re.sub(r"[^\n]", " ", match.group(0))


def code_only(text):
    return STRINGS.sub(blank, COMMENTS.sub(blank, text))


def found(name, text, pattern, what):
    return [f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {what}: {m.group(0).strip()}" for m in pattern.finditer(text)]


def check(tree):
    problems = []
    for name in tree.files:
        if name.startswith("third_party/") or "/seeds/" in name:
            continue
        text = tree.text(name)
        problems += found(name, text, WORKPLACE, "the repository speaks of jinwu alone")
        if re.search(PROGRAMS, name):
            problems += found(name, text, OPEN_ENDS, "open an issue instead")
        if name.endswith((".c", ".h")):
            code = code_only(text)
            problems += found(name, code, JUMP, "no jumps; owners clean up where they are born")
            if name != "lib/base/banned.h":
                problems += found(name, code, CALLS, "banned call, see lib/base/banned.h")
    return problems


BAD = [
    ({"lib/base/a.c": "void f(void) { go" "to out; out:; }\n"}, "no jumps"),
    ({"lib/base/a.c": "/* TO" "DO later */\n"}, "open an issue"),
    ({"lib/base/a.c": "void f(char *a) { strcpy (a, a); }\n"}, "banned call"),
    ({"docs/a.md": "see /wo" "rk/main\n"}, "jinwu alone"),
]

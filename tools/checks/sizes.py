"""Ceilings: 600 lines a file, 80 a function (tables are no functions)."""

FILE_MOST, FUNCTION_MOST = 600, 80


def functions(lines):
    """(first line, last line) of every function: clang-format puts `) {` at an end of line and `}` into column 0."""
    start = None
    for i, line in enumerate(lines):
        if start is None and line.endswith(") {") and not line.startswith((" ", "\t", "}")):
            start = i
        elif start is None and line.endswith(") {") and line.startswith(" ") and is_signature(lines, i):
            start = i
        elif start is not None and line == "}":
            yield start, i
            start = None


def is_signature(lines, i):
    """Does this indented line end a signature that began in column 0 with an open parenthesis?"""
    for line in reversed(lines[:i]):
        if not line.startswith(" "):
            return "(" in line and not line.endswith((";", "{", "}"))
    return False


def check(tree):
    problems = []
    for name in tree.matching(r"\.(c|h|py|ts|tsx)$"):
        if name.startswith("third_party/"):
            continue
        lines = tree.lines(name)
        if len(lines) - 1 > FILE_MOST:
            problems.append(f"{name}: {len(lines) - 1} lines; at most {FILE_MOST}: is it one thing?")
        if name.endswith((".c", ".h")):
            problems += [f"{name}:{first + 1}: a function of {last - first + 1} lines; at most {FUNCTION_MOST}"
                         for first, last in functions(lines) if last - first + 1 > FUNCTION_MOST]
    return problems


BAD = [
    ({"lib/base/a.c": "int a;\n" * 601}, "601 lines"),
    ({"lib/base/a.c": "int f(void) {\n" + "    g();\n" * 80 + "}\n"}, "a function of 82"),
    ({"lib/base/a.c": "int f(int a,\n      int b) {\n" + "    g();\n" * 80 + "}\n"}, "a function of 82"),
]

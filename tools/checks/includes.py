"""A slash in an include is an arrow in the architecture: arrows point up the list of lib/meson.build, never between
daemons, never from a library to a process."""

import os
import re

INCLUDE = re.compile(r'^#include\s+([<"])([^>"]+)[>"]', re.M)
TESTING = re.compile(r"(_test|_fuzz|_agree|_bench)\.c$")


def arrows(tree, name, order):
    """Problems of one file's quoted includes."""
    parts = name.split("/")
    own = "/".join(parts[:-1])
    home = parts[1] if parts[0] == "lib" else None
    for number, kind, target in includes(tree, name):
        if kind == "<":
            continue
        if target.startswith("../") or "/" not in target:
            if not is_own(tree, own, parts, target):
                yield f"{name}:{number}: \"{target}\" is not in this folder; write the folder before it"
            continue
        folder = target.split("/")[0]
        if folder == home:
            yield f"{name}:{number}: \"{target}\" is my own folder: write \"{os.path.basename(target)}\""
        elif folder not in order:
            yield f"{name}:{number}: \"{target}\" is no library; daemons and the cli are nobody's dependency"
        elif folder == "test" and not is_for_tests(tree, name):
            yield f"{name}:{number}: only tests include test/"
        elif home in order and folder != "test" and order.index(folder) > order.index(home):
            yield f"{name}:{number}: lib/{home} may not use lib/{folder}, which stands below it in lib/meson.build"


def is_for_tests(tree, name):
    """A test, or a header that only tests include."""
    if TESTING.search(name) or name.startswith("lib/test/"):
        return True
    own, base = os.path.split(name)
    users = [other for other in tree.c_files() if os.path.dirname(other) == own and f'"{base}"' in tree.text(other)]
    return name.endswith(".h") and bool(users) and all(TESTING.search(user) for user in users)


def is_own(tree, own, parts, target):
    """In the folder, made there by Meson, or one folder up inside the same process or library (a family's contract)."""
    path = os.path.normpath(f"{own}/{target}")
    inside = len(parts) > 3 and path.startswith("/".join(parts[:2]) + "/")
    build = f"{own}/meson.build"
    made = build in tree.files and f"'{target}'" in tree.text(build)
    return path in tree.files and (inside or not target.startswith("../")) or made


def includes(tree, name):
    text = tree.text(name)
    return [(text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2)) for m in INCLUDE.finditer(text)]


def check(tree):
    order = tree.libraries()
    problems = []
    for name in tree.c_files():
        problems += arrows(tree, name, order)
    return problems


LIST = {"lib/meson.build": "subdir('base')\nsubdir('test')\nsubdir('os')\n"}
BAD = [
    ({**LIST, "lib/base/a.c": '#include "os/b.h"\n', "lib/os/b.h": ""}, "may not use lib/os"),
    ({**LIST, "daemons/api/a.c": '#include "collect/b.h"\n', "daemons/collect/b.h": ""}, "no library"),
    ({**LIST, "daemons/api/a.c": '#include "b.h"\n', "daemons/collect/b.h": ""}, "not in this folder"),
    ({**LIST, "lib/os/a.c": '#include "test/test.h"\n', "lib/test/test.h": ""}, "only tests"),
    ({**LIST, "lib/os/a.c": '#include "os/a.h"\n', "lib/os/a.h": ""}, "my own folder"),
    ({**LIST, "daemons/api/a.c": '#include "../collect/b.h"\n', "daemons/collect/b.h": ""}, "not in this folder"),
]

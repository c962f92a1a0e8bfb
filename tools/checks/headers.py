"""Every header stands alone: it compiles as the only thing a file includes."""

import concurrent.futures
import os
import shutil
import subprocess

from tree import Skip


def flags(tree):
    """The include paths and definitions that the build itself uses, once each."""
    seen = ["-D_GNU_SOURCE", "-I" + tree.path("lib")]
    for command in tree.commands():
        for word in command["command"].split():
            word = word.strip("'\"")
            if word.startswith("-I") or word == "-pthread":
                path = os.path.normpath(os.path.join(command["directory"], word[2:])) if word.startswith("-I") else ""
                if path and not path.startswith(os.path.join(tree.root, "lib") + os.sep):
                    word = "-I" + path
                elif path:
                    continue  # a folder's own headers are found beside the file
                if word not in seen:
                    seen.append(word)
    return seen


def check(tree):
    compiler = shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise Skip("no compiler")
    words = flags(tree)

    def one(name):
        done = subprocess.run([compiler, "-std=gnu17", "-Wall", "-Wextra", "-fsyntax-only", "-x", "c", *words, "-include", name,
                               "/dev/null"], cwd=tree.root, capture_output=True, text=True)
        if done.returncode == 0:
            return []
        why = next((line for line in done.stderr.split("\n") if "error:" in line), done.stderr[:200])
        return [f"{name}: does not stand alone: {why.strip()}"]

    names = [n for n in tree.matching(r"^(lib|daemons|cli)/.*\.h$")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [problem for found in pool.map(one, names) for problem in found]


BAD = [({"lib/base/a.h": "/* lib/base/a.h — x */\n#pragma once\nsize_t a(void);\n"}, "does not stand alone")]

"""clang-format decides layout; nobody argues."""

import re
import shutil
import subprocess

from tree import Skip


def check(tree):
    program = shutil.which("clang-format") or shutil.which("clang-format-14")
    files = tree.c_files()
    if not program:
        raise Skip("clang-format is not installed")
    if not files or ".clang-format" not in tree.files:
        return []
    done = subprocess.run([program, "--dry-run", "--style=file", *files], cwd=tree.root, capture_output=True, text=True)
    worst = {}
    for name, line in re.findall(r"^(\S+?):(\d+):\d+: (?:warning|error): code should be clang-formatted", done.stderr, re.M):
        worst.setdefault(name, line)
    return [f"{name}:{line}: run clang-format -i {name}" for name, line in worst.items()]


BAD = [({".clang-format": "BasedOnStyle: LLVM\n", "lib/base/a.c": "int  a ;\n"}, "run clang-format")]

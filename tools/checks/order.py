"""The order of includes inside a file: own folder, system and third party, other folders. The own header first proves
that it stands alone."""

from includes import includes

GROUPS = ["own folder", "<system>", "other folders"]


def order_inside(tree, name):
    """Conditional includes and X-macro files are left in peace."""
    last = 0
    lines = tree.lines(name)
    for number, kind, target in includes(tree, name):
        if target.endswith((".def", "_list.h")) or any(line.startswith("#if") for line in lines[:number]):
            return
        rank = 1 if kind == "<" else 2 if "/" in target else 0
        if rank < last:
            yield f"{name}:{number}: {GROUPS[rank]} stand before {GROUPS[last]}"
            return
        last = rank


def check(tree):
    return [problem for name in tree.c_files() if name.endswith(".c") for problem in order_inside(tree, name)]


BAD = [({"lib/os/a.c": '#include "base/b.h"\n#include <stdio.h>\n'}, "stand before")]

"""No jw_ means static: what an object file exports begins with jw_, and says where it is from: jw_<folder>_, jw_ with a
word of the file's name (up_start.c: jw_up_), a prefix that the folder's README names (`jw_batch_*`), or the symbol is
declared in the header of the same name (codec.c implements codec.h)."""

import os
import re
import shutil
import subprocess
import tempfile

from tree import Skip

FREE = re.compile(r"^(main|LLVMFuzzer\w+|_.*|environ)$")
SYMBOL = re.compile(r"^[0-9a-f]+ ([A-Z]) (\S+)$", re.M)


def singular(word):
    return word[:-3] + "y" if word.endswith("ies") else word[:-1] if word.endswith("s") else word


def allowed(tree, name, symbol):
    folder, stem = os.path.basename(os.path.dirname(name)), os.path.splitext(os.path.basename(name))[0]
    starts = {folder, stem, *stem.split("_")} | ({"command"} if folder == "cli" else set())
    if any(re.match(rf"jw_({start}|{singular(start)})s?(_|$)", symbol) for start in starts):
        return True
    readme = os.path.dirname(name) + "/README.md"
    documented = re.findall(r"`(jw_\w+_)\*`", tree.text(readme)) if readme in tree.files else []
    if any(symbol.startswith(prefix) for prefix in documented):
        return True
    header = os.path.splitext(name)[0] + ".h"
    return header in tree.files and re.search(rf"\b{re.escape(symbol)}\b", tree.text(header)) is not None


def exported(path):
    out = subprocess.run(["nm", "-g", "--defined-only", path], capture_output=True, text=True).stdout
    return [name for kind, name in SYMBOL.findall(out) if kind not in "WVUw"]


def static_with_prefix(tree):
    for name in tree.c_files():
        for i, line in enumerate(tree.lines(name)):
            found = re.match(r"static (?!inline)[\w\s\*]*?\b(jw_\w+)\(", line)
            if found:
                yield f"{name}:{i + 1}: {found.group(1)} is static; jw_ is for what leaves the file"


def objects(tree):
    """(source, object) of what is built and not older than its source."""
    for command in tree.commands():
        source = os.path.relpath(os.path.join(command["directory"], command["file"]), tree.root)
        path = os.path.join(command["directory"], command.get("output", ""))
        if source in tree.files and os.path.isfile(path) and os.path.getmtime(path) >= os.path.getmtime(tree.path(source)):
            yield source, path


def check(tree):
    problems = list(static_with_prefix(tree))
    if not shutil.which("nm"):
        raise Skip("nm is not installed")
    if not tree.build:
        if problems:
            return problems
        raise Skip("no build folder")
    for name, path in objects(tree):
        for symbol in exported(path):
            if FREE.match(symbol):
                continue
            if not symbol.startswith("jw_"):
                problems.append(f"{name}: exports {symbol}; no jw_ means static")
            elif not allowed(tree, name, symbol):
                problems.append(f"{name}: exports {symbol}, which does not say where it is from; name it after the file or "
                                "the folder, declare it in the file's own header, or name the prefix in the README")
    return sorted(set(problems))


def built(tree, folder):
    """For the bad trees: compiles every file and writes the list of commands."""
    import json
    commands = []
    for name in tree.matching(r"\.c$"):
        output = os.path.join(folder, os.path.basename(name) + ".o")
        subprocess.run(["cc", "-c", "-o", output, tree.path(name)], check=True)
        commands.append({"directory": tree.root, "file": name, "output": output, "command": "cc"})
    with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(commands, file)


def prepare(tree):
    if not shutil.which("cc"):
        raise Skip("no compiler")
    folder = tempfile.mkdtemp(prefix="objects.", dir=tree.root)
    built(tree, folder)
    tree.build = folder


BAD = [
    ({"lib/base/a.c": "void helper(void) {}\n"}, "exports helper"),
    ({"lib/base/a.c": "void jw_other_x(void) {}\n"}, "where it is from"),
    ({"lib/base/a.c": "int jw_base_fine;\nstatic void jw_a_x(void) {}\nvoid jw_a_y(void) { jw_a_x(); }\n"}, "is static"),
]

"""The C and Meson blocks of the style guide are whole files: they are taken out, laid over the libraries that they
include, built with our own headers, and their test of formats runs. The guide stands beside the repository; where it is
absent this is skipped."""

import os
import re
import shutil
import subprocess
import tempfile

from tree import Skip

FIRST = re.compile(r"^(?:/\*|#) ((?:lib|daemons)/\S+\.(?:c|h|build)) — ", re.M)
FLAGS = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"]

# What a snippet includes that is no library of ours, or has grown past the guide's short form.
STUBS = {
    "daemons/collect/spool.h": """#pragma once
#include "base/memory.h"
#include "base/status.h"
#include <stdio.h>
struct jw_spool { FILE *file; };
jw_status jw_spool_open(const char *path, struct jw_spool **out_spool, struct jw_error *err);
void jw_spool_close(struct jw_spool *spool);
JW_DEFINE_AUTO(jw_spool, jw_spool_close)
""",
    "daemons/collect/collect.h": """#pragma once
struct jw_handler { int message, peer; unsigned most; int (*handle)(void *); };
struct jw_daemon {
    const char *name; const void *options; int sandbox; const struct jw_handler *handlers;
    int (*start)(void *); void (*stop)(void *);
};
enum { JW_MSG_RELOAD = 1, JW_MSG_CREDIT, JW_PEER_MASTER, JW_PEER_DETECT, JW_SANDBOX_LISTEN = 1, JW_SANDBOX_SPOOL };
extern const int jw_collect_options[1];
int jw_collect_on_reload(void *), jw_collect_on_credit(void *), jw_collect_start(void *);
void jw_collect_stop(void *);
int jw_daemon_main(const struct jw_daemon *daemon, int argc, char **argv);
""",
    # the guide's list names a second member, which it does not show
    "lib/formats/syslog.c": """#include "format.h"
static bool detect(jw_text line) { return jw_text_drop(&line, JW_TEXT("<")); }
static jw_status parse(jw_text line, struct jw_record *rec, struct jw_error *err) {
    if (!detect(line))
        return jw_fail(err, JW_E_SYNTAX, "syslog: no priority");
    jw_record_set(rec, JW_TEXT("message"), line);
    return jw_record_check(rec, err);
}
const struct jw_format jw_format_syslog = {
    .name = "syslog", .about = "a second member", .sample = JW_TEXT("<13>x"), .detect = detect, .parse = parse};
""",
    "meson.build": """project('snippets', 'c', default_options: ['c_std=gnu17', 'warning_level=2', 'werror=true'])
cc = meson.get_compiler('c')
add_project_arguments('-D_GNU_SOURCE', cc.get_supported_arguments('-Wno-format-truncation'), language: 'c')
threads_dep = dependency('threads')
inc = include_directories('lib')
base_dep = declare_dependency(include_directories: inc, dependencies: threads_dep, link_with: static_library('jw_base', BASE,
  include_directories: inc, implicit_include_directories: false, dependencies: threads_dep))
test_dep = declare_dependency(dependencies: base_dep, link_with: static_library('jw_test', 'lib/test/test.c',
  dependencies: base_dep))
record_dep = declare_dependency(dependencies: base_dep, link_with: static_library('jw_record', RECORD, dependencies: base_dep))
subdir('lib/formats')
""",
}


def cut(text):
    """{path: content} of the guide's c and meson blocks."""
    files = {}
    for block in re.findall(r"^```(?:c|meson)\n(.*?)^```", text, re.M | re.S):
        starts = list(FIRST.finditer(block))
        for found, after in zip(starts, starts[1:] + [None]):
            files[found.group(1)] = block[found.start():after.start() if after else len(block)]
    return files


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def run(words, folder):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-1500:]


def compile_each(folder, files):
    """Problems of the snippets that stand alone: headers of lib/base as the guide has them, then the rest over ours."""
    for name in files:
        if name.endswith((".c", ".h")) and not name.startswith("lib/formats/"):
            what = ["-include", name, "/dev/null"] if name.endswith(".h") else [name]  # a main file has no #pragma once
            why = run(["cc", *FLAGS, "-Wno-unused-function", "-fsyntax-only", "-x", "c", "-I", "lib", "-I", ".", *what], folder)
            if why:
                yield f"STYLE.md: {name}: {why}"


def formats(folder, tree):
    """Builds the family of formats with Meson and runs its test and its fuzzer."""
    sources = lambda name, but=(): [f"lib/{name}/{f}" for f in sorted(os.listdir(tree.path(f"lib/{name}")))  # noqa: E731
                                    if f.endswith(".c") and not re.search(r"_(test|fuzz|bench)\.c$", f) and f not in but]
    project = STUBS["meson.build"].replace("BASE", repr(sources("base"))).replace("RECORD", repr(sources("record")))
    write(folder, "meson.build", project)
    why = run(["meson", "setup", "build"], folder) or run(["meson", "test", "-C", "build"], folder)
    if why:
        yield f"STYLE.md: the family of formats: {why}"
    why = run(["cc", *FLAGS, "-fsyntax-only", "-I", "lib", "lib/formats/formats_fuzz.c"], folder)
    if why:
        yield f"STYLE.md: lib/formats/formats_fuzz.c: {why}"


def problems_of(guide, tree):
    files = cut(guide)
    with tempfile.TemporaryDirectory() as folder:
        for library in ("base", "record", "test"):
            shutil.copytree(tree.path(f"lib/{library}"), os.path.join(folder, "lib", library))
        for name, text in {**STUBS, **{n: t for n, t in files.items() if not n.startswith("lib/base/")}}.items():
            write(folder, name, text)
        with tempfile.TemporaryDirectory() as alone:  # the guide's own short forms of base headers
            for name, text in files.items():
                write(alone, name, text)
            found = list(compile_each(alone, [n for n in files if n.startswith("lib/base/")]))
        found += compile_each(folder, [n for n in files if not n.startswith("lib/base/")])
        return found + list(formats(folder, tree))


def check(tree):
    path = os.path.join(os.path.dirname(tree.root), "shared", "STYLE.md")
    if not os.path.exists(path):
        raise Skip("../shared/STYLE.md is not here")
    if not shutil.which("cc") or not shutil.which("meson") or "lib/record/record.h" not in tree.files:
        raise Skip("no compiler or no meson")
    with open(path, encoding="utf-8") as file:
        guide = file.read()
    problems = problems_of(guide, tree)
    if not cut(guide):
        problems.append("STYLE.md: no snippets found")
    return problems


def catches_bad():
    """A guide whose snippet does not compile."""
    files = cut("```c\n/* lib/base/status.h — x */\n#pragma once\nint f(\n```\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            write(folder, name, text)
        return bool(list(compile_each(folder, files)))


BAD = []

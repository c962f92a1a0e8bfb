"""The tree a checker looks at: its files, their text, and the build folder that belongs to it."""

import functools
import json
import os
import re
import subprocess

SKIPPED = {".git", "node_modules", "__pycache__", "data"}


class Tree:
    """`build` may be None or not there: checkers that need it then say that they are skipped."""

    def __init__(self, root, build=None):
        self.root = os.path.abspath(root)
        self.build = os.path.abspath(build) if build and os.path.isdir(build) else None
        self.files = sorted(self._listed() or self._walked())

    def _git(self, *words):
        try:
            done = subprocess.run(["git", "-C", self.root, *words], capture_output=True, text=True)
        except FileNotFoundError:
            return None
        return done.stdout if done.returncode == 0 else None

    def _listed(self):
        """What git knows or would take; None where this is no repository of its own."""
        top = self._git("rev-parse", "--show-toplevel")
        if not top or os.path.realpath(top.strip()) != os.path.realpath(self.root):
            return None
        out = self._git("-c", "core.quotepath=off", "ls-files", "-co", "--exclude-standard") or ""
        return {p for p in out.split("\n") if p and os.path.isfile(os.path.join(self.root, p))}

    def _walked(self):
        found = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [d for d in folders if d not in SKIPPED and not d.startswith("build")]
            found |= {os.path.relpath(os.path.join(folder, n), self.root) for n in names}
        return found

    def path(self, name):
        return os.path.join(self.root, name)

    @functools.lru_cache(maxsize=None)
    def raw(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def text(self, name):
        return self.raw(name).decode("utf-8", "replace")

    def lines(self, name):
        return self.text(name).split("\n")

    def matching(self, pattern):
        return [name for name in self.files if re.search(pattern, name)]

    def c_files(self):
        return self.matching(r"^(lib|daemons|cli|nginx|tests)/.*\.[ch]$")

    def libraries(self):
        """In the order of lib/meson.build: each may use those before it."""
        if "lib/meson.build" not in self.files:
            return []
        return re.findall(r"^\s*subdir\('(\w+)'\)", self.text("lib/meson.build"), re.M)

    def commands(self):
        """compile_commands.json, or an empty list."""
        path = self.build and os.path.join(self.build, "compile_commands.json")
        if not path or not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def log(self, count, since):
        """[(hash, whole message)] of the newest commits after a time; empty without git."""
        if self._listed() is None:
            return []
        out = self._git("log", f"-{count}", f"--since={since}", "--no-merges", "--format=%h%n%B%x00") or ""
        return [tuple(one.strip("\n").split("\n", 1)) for one in out.split("\0") if one.strip("\n")]


class Skip(Exception):
    """A checker cannot look here; the text says why."""

#!/usr/bin/env python3
"""Debian's PostgreSQL in a folder of its own, on a free loopback port, as an unprivileged user.

Use: postgres.py PROGRAM [ARGUMENTS]   runs PROGRAM with JW_TEST_DB=postgresql://… and gives its exit status
"""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_ctl"))
    return os.path.dirname(found[-1]) if found else None


def available():
    return programs() is not None


class Postgres:
    """`with Postgres() as server:` — server.url connects as the owner of an empty database."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="jw_pg.", dir="/tmp")
        self.bin = programs()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"postgresql://jw@127.0.0.1:{self.port}/postgres"
        self.user = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root

    def as_user(self, *words):
        done = subprocess.run(words, user=self.user, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
        assert done.returncode == 0, done.stderr.decode()

    def start(self):
        self.as_user(f"{self.bin}/pg_ctl", "-D", "data", "-l", "log", "-w", "-s", "-o",
                     f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=60", "start")

    def stop(self, kill=False):
        self.as_user(f"{self.bin}/pg_ctl", "-D", "data", "-s", "-m", "immediate" if kill else "fast", "stop")

    def __enter__(self):
        if self.user:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)
        self.as_user(f"{self.bin}/initdb", "-D", "data", "-U", "jw", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self.start()
        return self

    def __exit__(self, *_):
        try:
            self.stop(kill=True)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if not available():
        print("skip postgresql: not installed (apt-get install postgresql)")
        return 77
    with Postgres() as server:
        return subprocess.run(sys.argv[1:], env={**os.environ, "JW_TEST_DB": server.url}).returncode


if __name__ == "__main__":
    sys.exit(main())

"""jw-api alone on a database of its own, for tests about people: `place.one` serves, `place.first` is the first password."""

import os
import re
import shutil
import subprocess
import tempfile

from scenario import BUILD, SOURCE, free_port
from web import Browser


class Server:
    """One jw-api; several may share a data folder's database."""

    def __init__(self, place, data, *options):
        self.place, self.data, self.options = place, data, options
        os.makedirs(data, exist_ok=True)
        self.port = free_port()
        self.start()

    def start(self):
        ready, tell = os.pipe()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "daemons/api/jw-api"), f"--data={self.data}", f"--content={self.place.content}",
             f"--listen=127.0.0.1:{self.port}", f"--db={self.place.db}", *self.options],
            stdout=subprocess.PIPE, stderr=open(self.data + ".log", "a"), text=True, pass_fds=[tell],
            env={**os.environ, "JW_READY_FD": str(tell), "ASAN_OPTIONS": "detect_leaks=0"})
        os.close(tell)
        assert os.read(ready, 1), open(self.data + ".log").read()[-3000:]
        os.close(ready)

    def stop(self):
        self.process.terminate()
        code = self.process.wait(30)
        log = open(self.data + ".log").read()
        assert code == 0 and "ERROR" not in log, log[-3000:]

    def browser(self, source="127.0.0.1"):
        return Browser(self.port, os.path.join(self.data, "tls/cert.pem"), source)


class Place:
    def __init__(self, policy, *options):
        self.folder = tempfile.mkdtemp(prefix="jw.", dir="/tmp")
        self.content = os.path.join(self.folder, "content")
        shutil.copytree(os.path.join(SOURCE, "content"), self.content)
        with open(os.path.join(self.content, "access.yaml"), "w", encoding="utf-8") as file:
            file.write(policy)
        self.db = os.environ.get("JW_TEST_DB") or os.path.join(self.folder, "data/ledger/ledger.db")
        os.makedirs(os.path.join(self.folder, "data/ledger"))
        self.one = Server(self, os.path.join(self.folder, "data"), *options)
        self.first = re.search(r"password (\S+)", self.one.process.stdout.readline()).group(1)

    def cli(self, *words):
        done = subprocess.run([os.path.join(BUILD, "jinwu"), "account", *words, "--data", self.one.data, "--db", self.db,
                               "--content", self.content], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def end(self):
        self.one.stop()
        shutil.rmtree(self.folder)

"""A jw-api of a test's own without TLS, and people who are logged in to it over connections that stay."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading

from scenario import BUILD, SOURCE, free_port

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"  # thousands of refusals are put on record
PASSWORD = "Hostile-Test-2026"
# What no answer may tell: of the database, of this machine, of our source.
TELLING = rb"(?i)sqlite|syntax error|no such (table|column)|near \"|psql|/dev/shm|\.c:\d"


class Api:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="jw.", dir=MEMORY)
        self.data = os.path.join(self.folder, "data")
        self.content = os.path.join(SOURCE, "content")
        os.makedirs(self.data)
        self.port = free_port()
        ready, tell = os.pipe()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "daemons/api/jw-api"), f"--data={self.data}", f"--content={self.content}",
             "--tls=off", f"--listen=127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE, stderr=open(os.path.join(self.folder, "log"), "w"), text=True, pass_fds=[tell],
            env={**os.environ, "JW_READY_FD": str(tell), "ASAN_OPTIONS": "detect_leaks=0"})
        os.close(tell)
        assert os.read(ready, 1), self.log()
        os.close(ready)
        self.first = re.search(r"password (\S+)", self.process.stdout.readline()).group(1)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return file.read()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0, self.log()[-3000:]

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)


class Link:
    """One connection. http.client would take half of the test's time to read headers that nobody looks at."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.rest = b""

    def ask(self, head, body):
        self.socket.sendall(head.encode() + body)
        while b"\r\n\r\n" not in self.rest:
            self.more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        size = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
        raw = self.take(int(size.group(1))) if size else self.chunks()
        return int(head[9:12]), raw

    def take(self, size):
        while len(self.rest) < size:
            self.more()
        raw, self.rest = self.rest[:size], self.rest[size:]
        return raw

    def chunks(self):
        raw, size = b"", None
        while size != 0:
            while b"\r\n" not in self.rest:
                self.more()
            line, self.rest = self.rest.split(b"\r\n", 1)
            size = int(line, 16)
            raw += self.take(size)
            self.take(2)
        return raw

    def more(self):
        got = self.socket.recv(1 << 16)
        if not got:
            raise ConnectionResetError
        self.rest += got


class Person:
    """Somebody who is logged in; one connection for each thread."""

    def __init__(self, api, name, password, fresh=PASSWORD):
        self.api, self.token, self.links, self.holder = api, None, threading.local(), None
        self.token = self.ask("POST", "/login", {"user": name, "password": password}, 200)["token"]
        self.token = self.ask("POST", "/password", {"old": password, "new": fresh}, 200)["token"]

    def send(self, method, path, body=None, **headers):
        """Status and bytes."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode() if body is not None else b""
        headers = {"Host": "x", "Content-Length": len(body), "Content_Type": "application/json", **headers}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        for again in (True, False):
            try:
                if not hasattr(self.links, "link"):
                    self.links.link = Link(self.api.port)
                status, raw = self.links.link.ask(f"{method} /api/v1{path} HTTP/1.1\r\n{lines}\r\n", body)
                break
            except ConnectionError:  # it was idle for too long
                del self.links.link
                assert again, f"{method} {path}: no answer"
        assert status < 500, f"{method} {path}: {status} {raw[:300]}"
        assert not re.search(TELLING, raw), raw[:500]
        return status, raw

    def ask(self, method, path, body=None, status=None, **headers):
        got, raw = self.send(method, path, body, **headers)
        assert status in (None, got), f"{method} {path}: {got}, not {status}: {raw[:600].decode()}"
        return json.loads(raw)


def same(got, want, what=""):
    assert got == want, f"{what}: {str(got)[:400]} is not {str(want)[:400]}"

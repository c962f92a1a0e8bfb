"""A jinwu of a test's own: temporary data folder, free loopback ports, stopped by pid. Used by the scenarios here.

    with Platform(build) as jinwu:
        jinwu.get("/api/v1/search", q="hello")
"""

import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

SOURCE = os.environ.get("JW_SOURCE", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("JW_BUILD", os.path.join(SOURCE, "build"))


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds=20, every=0.05):
    """Calls what() until it gives something true; that, or an AssertionError."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        assert time.monotonic() < end, f"nothing after {seconds} s: {getattr(what, '__name__', what)}"
        time.sleep(every)


def case(name, run):
    """One line per promise, as tools/run_tests.py counts them. True when it held."""
    try:
        run()
    except Exception as why:  # a scenario goes on with its next promise
        print(f"  {type(why).__name__}: {why}")
        print(f"FAIL {name}", flush=True)
        return False
    print(f"ok {name}", flush=True)
    return True


class Platform:
    """`jinwu up`. `options` are sections of jinwu.yaml: {"collect": {"in-flight-mib": 64}}."""

    def __init__(self, options=None, arguments=(), program=None):
        self.folder = tempfile.mkdtemp(prefix="jw.", dir="/tmp")  # short: sockets live below it
        self.data = os.path.join(self.folder, "data")
        self.program = program or os.path.join(BUILD, "jinwu")
        self.port = {name: free_port() for name in ("https", "syslog-tcp", "syslog-tls", "relp")}
        self.port["syslog-udp"] = free_port(socket.SOCK_DGRAM)
        self.options = options or {}
        self.arguments = list(arguments)
        self.process = None
        self.password = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_options(self):
        sections = {name: dict(section) for name, section in self.options.items()}
        collect = sections.setdefault("collect", {})
        for name in ("syslog-udp", "syslog-tcp", "syslog-tls", "relp"):
            collect.setdefault(name, f"127.0.0.1:{self.port[name]}")
        os.makedirs(self.data, mode=0o750, exist_ok=True)
        with open(os.path.join(self.data, "jinwu.yaml"), "w", encoding="utf-8") as file:
            json.dump(sections, file)  # JSON is YAML

    def start(self, seconds=60):
        self.write_options()
        self.log = open(os.path.join(self.folder, "up.log"), "a+", encoding="utf-8")
        ready, tell = os.pipe()
        self.process = subprocess.Popen(
            [self.program, "up", "--data", self.data, "--listen", f"127.0.0.1:{self.port['https']}", *self.arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, pass_fds=[tell],
            # the sandbox forbids looking into processes, which the leak checker does at exit
            env={**os.environ, "JW_READY_FD": str(tell), "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1"})
        os.close(tell)
        os.set_blocking(ready, False)

        def told():
            assert self.process.poll() is None, "jinwu up ended:\n" + self.output()[-3000:]
            try:
                return os.read(ready, 1)
            except BlockingIOError:
                return None

        try:
            wait_for(told, seconds)
        except AssertionError as why:
            raise AssertionError(f"{why}\n{self.output()[-3000:]}") from None
        finally:
            os.close(ready)
        found = re.search(r"password\s*:?\s+(\S+)", self.output())
        if found and not self.password:
            self.password = found.group(1)
            self.change_password("a platform of a test 7")

    def change_password(self, fresh):
        """The first one may do nothing but this."""
        status, body = self.request("POST", "/api/v1/password", json.dumps({"old": self.password, "new": fresh}),
                                    {"Content-Type": "application/json"})
        assert status == 200, f"{status} {body[:300]}"
        self.password = fresh

    def output(self):
        with open(os.path.join(self.folder, "up.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def pid(self, daemon):
        """Of a running daemon, from its counters; None while it is down."""
        for line in self.status():
            if line["daemon"] == daemon and line["name"] == "pid" and line.get("running"):
                return line["value"]
        return None

    def kill(self, daemon, number=signal.SIGKILL):
        """A signal, without asking `jinwu status`, which takes its second to measure rates."""
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/cmdline", "rb") as file:
                        words = file.read().split(b"\0")
                except OSError:
                    continue
                if words[0].endswith(daemon.encode()) and f"--data={self.data}".encode() in words:
                    os.kill(int(entry), number)
                    return int(entry)
        return None

    def command(self, *words, **more):
        return subprocess.run([self.program, words[0], "--data", self.data, *words[1:]], capture_output=True, text=True,
                              timeout=more.pop("timeout", 60), **more)

    def status(self):
        return [json.loads(line) for line in self.command("status", "--json").stdout.splitlines()]

    def counter(self, name, source=None, daemon=None):
        """Sum of a counter over the sources and daemons that match."""
        return sum(line["value"] for line in self.status()
                   if line["name"] == name and source in (None, line["source"]) and daemon in (None, line["daemon"]))

    def request(self, method, path, body=None, headers=None, timeout=30, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # self-signed by design
        link = http.client.HTTPSConnection("127.0.0.1", self.port["https"], timeout=timeout, context=context)
        given = {"Authorization": "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode()}
        given.update(headers or {})
        try:
            link.request(method, path, body, {k: v for k, v in given.items() if v})
            answer = link.getresponse()
            return answer.status, answer.read()
        finally:
            link.close()

    def get(self, path, **query):
        status, body = self.request("GET", path, **query)
        assert status == 200, f"{path}: {status} {body[:300]}"
        return json.loads(body)

    def count(self, query, **more):
        return self.get("/api/v1/search", q=query, count="true", **more)["total"]

    def key(self, name):
        """An API key for a sender: (id, secret)."""
        made = self.command("keys", "add", name, "--json")
        assert made.returncode == 0, made.stderr
        key = json.loads(made.stdout.splitlines()[0])
        return key["id"], key["secret"]

"""`jinwu up` as the one who watches: whatever ends comes back, what fails at every start does not spin, a stop under load
is clean and in time, and the next start goes on where the last one ended, even after SIGKILL of `jinwu up` itself."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

from scenario import Platform, case, wait_for

DAEMONS = ["jw-lake", "jw-loader", "jw-detect", "jw-collect", "jw-api"]
PATIENCE = 15  # of `jinwu up` when it stops


class Sender:
    """`jinwu send` of lines that are written bit by bit: it promises each of them once, whatever happens."""

    def __init__(self, jinwu, word):
        self.word, self.count = word, 0
        self.process = subprocess.Popen([jinwu.program, "send", "--data", jinwu.data, "--wait", "90", "-"],
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def write(self, count, size=100):
        self.process.stdin.writelines(f"{self.word} number {self.count + i} {os.urandom(size).hex()}\n"  # frames are packed
                                      for i in range(count))
        self.process.stdin.flush()
        self.count += count

    def check(self, jinwu):
        """The one promise: all there, none twice."""
        _, wrong = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, wrong
        wait_for(lambda: jinwu.count(self.word) >= self.count, 60, 0.2)
        assert jinwu.count(self.word) == self.count, f"{jinwu.count(self.word)} of {self.count}"


class Flood(threading.Thread):
    """Syslog over TCP as fast as it is taken, until the connection breaks."""

    def __init__(self, jinwu):
        super().__init__(daemon=True)
        self.link = socket.create_connection(("127.0.0.1", jinwu.port["syslog-tcp"]))
        self.start()

    def run(self):
        try:
            while True:
                self.link.sendall(b"<13>Nov 20 10:00:00 host app: flood of lines that nobody counts\n" * 200)
                time.sleep(0.005)
        except OSError:
            pass


def starts(jinwu, daemon):
    return jinwu.counter("starts_total", daemon=daemon)


def running(jinwu):
    return {c["daemon"] for c in jinwu.status() if c["name"] == "pid" and c["running"]}


def a_relative_data_folder_will_do(jinwu):
    jinwu.stop()
    whole = jinwu.data
    os.chdir(jinwu.folder)
    jinwu.data = "./data"
    try:
        jinwu.start(30)
    finally:
        jinwu.data = whole


def whoever_ends_comes_back(jinwu):
    before = {name: starts(jinwu, name) for name in DAEMONS}
    for name in DAEMONS:  # SIGTERM is an orderly end with exit status 0, as after a disk that failed
        jinwu.kill(name, signal.SIGTERM)
    wait_for(lambda: all(starts(jinwu, name) > before[name] for name in DAEMONS), 30, 0.2)
    wait_for(lambda: running(jinwu) >= set(DAEMONS), 20, 0.2)
    assert jinwu.output().count("(exit 0)") >= len(DAEMONS), jinwu.output()[-2000:]


def a_spool_that_fails_ends_the_collector_and_loses_nothing(jinwu):
    sender = Sender(jinwu, "brokendisk")
    sender.write(2000)
    wait_for(lambda: jinwu.count("brokendisk") > 0, 30, 0.2)
    before = starts(jinwu, "jw-collect")
    # no more descriptors: the next file of the spool cannot be made, the reader cannot open it
    for name in ("jw-collect", "jw-detect"):
        resource.prlimit(jinwu.pid(name), resource.RLIMIT_NOFILE, (4, 4))
    sender.write(12000)
    wait_for(lambda: starts(jinwu, "jw-collect") > before, 30, 0.2)
    sender.check(jinwu)
    assert "nothing can be kept, so nothing is taken" in jinwu.output(), jinwu.output()[-2000:]
    wait_for(lambda: jinwu.counter("lag_events") == 0, 30, 0.2)  # detection came through as well


def a_stop_under_load_is_clean_and_the_next_start_goes_on(jinwu):
    floods, sender = [Flood(jinwu), Flood(jinwu)], Sender(jinwu, "orderly")
    sender.write(5000)
    time.sleep(1)
    sender.write(20000)
    began = time.monotonic()
    jinwu.process.terminate()
    code = jinwu.process.wait(PATIENCE + 10)
    took = time.monotonic() - began
    print(f"  stopped in {took:.1f} s")
    assert code == 0 and took < PATIENCE and "does not end; killed" not in jinwu.output(), (code, took)
    assert not running(jinwu)
    jinwu.start()
    sender.check(jinwu)
    for flood in floods:
        flood.join(10)


def sigkill_of_up_takes_nothing_with_it(jinwu):
    flood, sender = Flood(jinwu), Sender(jinwu, "unexpected")
    sender.write(5000)
    jinwu.process.kill()
    jinwu.process.wait()
    sender.write(200)  # more would not fit into the pipe: the sender itself waits
    jinwu.start()  # the daemons of the one before may still be ending
    sender.check(jinwu)
    flood.join(10)


def what_fails_at_every_start_does_not_spin(jinwu):
    jinwu.stop()
    jinwu.options["detect"] = {"no-such-option": "1"}
    jinwu.write_options()
    log = open(os.path.join(jinwu.folder, "up.log"), "a", encoding="utf-8")
    begin = len(jinwu.output())
    jinwu.process = subprocess.Popen([jinwu.program, "up", "--data", jinwu.data, "--listen",
                                      f"127.0.0.1:{jinwu.port['https']}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    log.close()
    time.sleep(7)
    tries = len(re.findall(r"jw-detect ended \(exit 2\)", jinwu.output()[begin:]))
    assert 3 <= tries <= 8, f"{tries} starts in 7 s"
    shown = jinwu.command("status", "--json")
    assert shown.returncode == 1, shown.stdout
    with socket.create_connection(("127.0.0.1", jinwu.port["syslog-tcp"])) as link:  # the others serve
        link.sendall(b"<13>Nov 20 10:00:00 host app: still here\n")
    wait_for(lambda: jinwu.count('"still here"') == 1, 20, 0.2)


def in_time(run):
    """A case that hangs, for one on a full pipe, fails and lets the next one try."""
    signal.alarm(60)
    try:
        run(platform)
    finally:
        signal.alarm(0)


def late(*_):
    raise TimeoutError("no end after 60 s")


signal.signal(signal.SIGALRM, late)
with Platform({"collect": {"segment-mib": 1}}) as platform:
    good = all([case(run.__name__, lambda run=run: in_time(run)) for run in (
        a_relative_data_folder_will_do, whoever_ends_comes_back, a_spool_that_fails_ends_the_collector_and_loses_nothing,
        a_stop_under_load_is_clean_and_the_next_start_goes_on, sigkill_of_up_takes_nothing_with_it,
        what_fails_at_every_start_does_not_spin)])
sys.exit(not good)

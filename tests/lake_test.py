"""Spool to lake exactly once: jw-lake and jw-loader die in mid-insert, again and again; rows that the lake refuses do
not stand in the way; a cluster of Debian's ClickHouse loses a node and gets it back. JW_LAKE_DEATHS (16)."""

import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from scenario import BUILD, SOURCE, case, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "servers"))
import clickhouse  # noqa: E402

DEATHS = int(os.environ.get("JW_LAKE_DEATHS", "16"))
ENGINE = os.path.join(SOURCE, "third_party/chdb/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so")
# the sandbox refuses ptrace, which the leak check at exit needs
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1"}


class UnixHttp(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("lake", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Lake:
    """A data folder with the daemons that the test starts in it."""

    def __init__(self):
        self.data = tempfile.mkdtemp(prefix="jw.", dir="/tmp")
        self.running = {}
        os.makedirs(os.path.join(self.data, "spool"))

    def start(self, name, *options):
        ready, tell = os.pipe()
        with open(os.path.join(self.data, name + ".log"), "a", encoding="utf-8") as log:
            self.running[name] = subprocess.Popen(
                [os.path.join(BUILD, "daemons", name, "jw-" + name), "--data=" + self.data, "--content=/", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[tell],
                env={**ENVIRONMENT, "JW_READY_FD": str(tell)})
        os.close(tell)
        with os.fdopen(ready, "rb") as pipe:
            assert pipe.read(1), f"jw-{name} did not start:\n" + self.log(name)

    def log(self, name):
        with open(os.path.join(self.data, name + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-3000:]

    def stop(self, name, sig=signal.SIGTERM):
        process = self.running.pop(name, None)
        if process and process.poll() is None:
            process.send_signal(sig)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def feed(self, count, rate=0, each=200):
        return subprocess.Popen([os.path.join(BUILD, "tests", "spool_feed"), os.path.join(self.data, "spool/events"),
                                 str(count), str(rate), str(each)], stdout=subprocess.DEVNULL)

    def ask(self, sql):
        link = UnixHttp(os.path.join(self.data, "run/lake.sock"))
        try:
            link.request("POST", "/", body=sql.encode())
            answer = link.getresponse()
            text = answer.read().decode()
        finally:
            link.close()
        assert answer.status == 200, text
        return text.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.running):
            self.stop(name)
        shutil.rmtree(self.data, ignore_errors=True)


def exactly(ask, count, table="jw.events"):
    def there():
        try:
            return int(ask(f"SELECT count() FROM {table}")) >= count
        except (OSError, http.client.HTTPException, AssertionError):  # not up, or no table yet
            return False
    wait_for(there, 120, 0.2)
    time.sleep(1)
    got = ask(f"SELECT count(), uniqExact(number), min(number), max(number) FROM {table}").split("\t")
    assert got == [str(count), str(count), "1", str(count)], f"count, distinct, first, last: {got}, wanted {count}"


def killed_in_the_middle_it_loads_exactly_once():
    dice, count = random.Random(20260801), 60000
    with Lake() as lake:
        lake.start("lake")
        lake.start("loader", "--rows=1000", "--wait-ms=20")
        feed = lake.feed(count, count // (DEATHS * 2 // 3 + 6), 50)
        for _ in range(DEATHS):
            time.sleep(dice.uniform(0.1, 0.8))
            name = dice.choice(["lake", "loader", "loader"])
            lake.stop(name, signal.SIGKILL)
            time.sleep(dice.uniform(0, 0.3))
            lake.start(name, *(["--rows=1000", "--wait-ms=20"] if name == "loader" else []))
        assert feed.wait(120) == 0
        exactly(lake.ask, count)


def a_refused_row_does_not_stop_the_others():
    with Lake() as lake:
        lake.start("lake")
        lake.start("loader")
        wait_for(lambda: lake.ask("EXISTS TABLE jw.events") == "1", 20)
        lake.ask("ALTER TABLE jw.events ADD CONSTRAINT unlucky CHECK number NOT IN (7, 777)")
        assert lake.feed(1000).wait(60) == 0
        wait_for(lambda: int(lake.ask("SELECT count() FROM jw.events")) >= 998, 60)
        time.sleep(0.5)
        assert lake.ask("SELECT count(), uniqExact(number) FROM jw.events") == "998\t998"
        kept = subprocess.run([os.path.join(BUILD, "tests", "spool_dump"), os.path.join(lake.data, "spool-rejected")],
                              capture_output=True, text=True, check=True).stdout.splitlines()
        assert len(kept) == 2 and "seq=6 " in kept[0] and "seq=776 " in kept[1] and "unlucky" in kept[0], kept


def it_waits_for_a_lake_that_is_down():
    with Lake() as lake:
        lake.start("loader")
        assert lake.feed(5000).wait(60) == 0
        time.sleep(1)
        lake.start("lake")
        exactly(lake.ask, 5000)


def a_cluster_loses_a_node_and_gets_it_back():
    with Lake() as lake, clickhouse.Cluster(os.path.join(lake.data, "servers"), 2) as nodes:
        options = ["--level=plain", "--cluster=jinwu", "--rows=500", "--wait-ms=50", *("--node=" + n.address for n in nodes)]
        lake.start("loader", *options)
        count = 20000
        feed = lake.feed(count, 2000, 50)
        time.sleep(3)
        nodes[1].stop(kill=True)
        time.sleep(2)
        lake.stop("loader", signal.SIGKILL)
        lake.start("loader", *options)
        time.sleep(2)
        nodes[1].start()
        assert feed.wait(120) == 0
        exactly(nodes[0].ask, count, "jw.events_all")
        assert all(int(node.ask("SELECT count() FROM jw.events")) > 0 for node in nodes), "one node got nothing"
        line = nodes[1].ask("SELECT event_original FROM jw.events_all WHERE number = 4711")
        assert "seq=4710 " in line, line
        # what is too old goes at the next start
        for node in nodes:
            node.ask("INSERT INTO jw.events (time, ingested, spool, number) VALUES (1, 86400000000, 1, 1)")
        lake.stop("loader")
        for node in nodes:  # as after a new version with a further column
            node.ask("ALTER TABLE jw.events_all DROP COLUMN user_name")
        lake.start("loader", *options)
        wait_for(lambda: nodes[0].ask("SELECT count() FROM jw.events_all WHERE spool = 1") == "0", 30)
        assert nodes[0].ask("SELECT count() FROM jw.events_all") == str(count)
        assert nodes[0].ask("SELECT count(user_name) FROM jw.events_all") == str(count)


def main():
    good = True
    if os.access(ENGINE, os.R_OK):
        good &= case("killed_in_the_middle_it_loads_exactly_once", killed_in_the_middle_it_loads_exactly_once)
        good &= case("a_refused_row_does_not_stop_the_others", a_refused_row_does_not_stop_the_others)
        good &= case("it_waits_for_a_lake_that_is_down", it_waits_for_a_lake_that_is_down)
    else:
        print("skip exactly once with jw-lake: no libchdb (npm ci in third_party/chdb)")
    if clickhouse.available():
        good &= case("a_cluster_loses_a_node_and_gets_it_back", a_cluster_loses_a_node_and_gets_it_back)
    else:
        print("skip a_cluster_loses_a_node_and_gets_it_back: no clickhouse-server")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

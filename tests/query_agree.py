"""The query language means the same in SQL and in memory: random events go into a real event store, random questions
about them are asked there and of the evaluator, and the answers are compared, event by event. jw-lake is asked at the
level full; Debian's clickhouse-server, where it is installed, at the level plain.

Use: query_agree.py QUERY_AGREE [JW_LAKE]      (programs of the build; $JW_AGREE_SEED repeats a run)
"""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from scenario import SOURCE, case, free_port, wait_for

AGREE, LAKE = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
EVENTS, QUESTIONS = 400, 600


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("lake", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Store:
    """Something that answers ClickHouse's HTTP."""

    def __init__(self, connect):
        self.connect = connect
        self.link = None

    def ask(self, sql, parameters=(), body=None):
        words = {f"param_p{i}": value for i, value in enumerate(parameters)}
        if body is not None:
            words["query"] = sql
        path = "/?" + urllib.parse.urlencode(words)
        for again in (False, True):
            self.link = self.link if self.link and not again else self.connect()
            try:
                self.link.request("POST", path, body if body is not None else sql.encode())
                answer = self.link.getresponse()
                text = answer.read().decode("utf-8", "replace")
                assert answer.status == 200, text[:500]
                return text
            except (http.client.HTTPException, ConnectionError):
                if again:
                    raise


def escaped(value):
    """A parameter is TSV-escaped text."""
    return value.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\n", b"\\n").replace(b"\r", b"\\r")


def compare(store, level, folder, seed):
    block = os.path.join(folder, "block.native")
    told = subprocess.run([AGREE, str(seed), str(EVENTS), str(QUESTIONS), level, block], stdout=subprocess.PIPE, check=True)
    lines = [line.split("\t") for line in told.stdout.decode().split("\n") if line]
    store.ask("DROP TABLE IF EXISTS jw.events")
    store.ask(next(line[1] for line in lines if line[0] == "create"))
    with open(block, "rb") as file:
        store.ask("INSERT INTO jw.events FORMAT Native", body=file.read())
    assert int(store.ask("SELECT count() FROM jw.events")) == EVENTS
    asked = matched = 0
    for kind, *line in lines:
        if kind != "ask":
            continue
        question, condition, parameters, numbers = line
        given = [escaped(bytes.fromhex(word)) for word in parameters.split(",")] if parameters else []
        got = store.ask(f"SELECT arraySort(groupArray(number)) FROM jw.events WHERE {condition}", given).strip()
        want = f"[{numbers}]"
        assert got == want, f"seed {seed}, {level}: {question}\n  SQL       {got}\n  evaluator {want}\n  {condition}"
        asked += 1
        matched += numbers != ""
    assert asked > QUESTIONS / 2 and matched > asked / 4, f"too few questions mean something: {asked}, {matched}"


def with_lake(seed):
    folder = tempfile.mkdtemp(prefix="jw.", dir="/tmp")
    path = os.path.join(folder, "run", "lake.sock")
    lake = subprocess.Popen([LAKE, f"--data={folder}", f"--content={os.path.join(SOURCE, 'content')}",
                             *os.environ.get("JW_LAKE_OPTIONS", "").split()], stderr=subprocess.PIPE)

    def answers():
        assert lake.poll() is None, lake.stderr.read().decode()
        try:
            return Store(lambda: UnixConnection(path)).ask("SELECT 1")
        except OSError:
            return None

    try:
        wait_for(answers, 60)
        compare(Store(lambda: UnixConnection(path)), "full", folder, seed)
    finally:
        lake.terminate()
        lake.wait(30)
        lake.stderr.close()
        shutil.rmtree(folder, ignore_errors=True)


CONFIG = """<yandex><logger><level>warning</level><log>{0}/log</log><errorlog>{0}/errors</errorlog></logger>
<http_port>{1}</http_port><tcp_port>{2}</tcp_port><listen_host>127.0.0.1</listen_host><path>{0}/data/</path>
<tmp_path>{0}/tmp/</tmp_path><mark_cache_size>100000000</mark_cache_size><users_config>users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database></yandex>"""
USERS = """<yandex><profiles><default/></profiles><users><default><password/><networks><ip>127.0.0.1</ip></networks>
<profile>default</profile><quota>default</quota></default></users><quotas><default/></quotas></yandex>"""


def with_clickhouse(seed):
    folder, port = tempfile.mkdtemp(prefix="jw.", dir="/tmp"), free_port()
    for name, text in (("config.xml", CONFIG.format(folder, port, free_port())), ("users.xml", USERS)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    server = subprocess.Popen(["clickhouse-server", f"--config-file={folder}/config.xml"], cwd=folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    store = Store(lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=60))

    def answers():
        assert server.poll() is None, "clickhouse-server ended"
        try:
            return store.ask("SELECT 1")
        except OSError:
            return None

    try:
        wait_for(answers, 60)
        store.ask("CREATE DATABASE jw")
        compare(store, "plain", folder, seed)
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def main():
    seed = int(os.environ.get("JW_AGREE_SEED", time.time_ns() % 1000000))
    good = True
    if LAKE:
        good &= case("query: SQL in jw-lake and the evaluator agree", lambda: with_lake(seed))
    else:
        print("skip query: SQL in jw-lake and the evaluator agree: this build has no jw-lake")
    if shutil.which("clickhouse-server"):
        good &= case("query: SQL in ClickHouse 18.16 and the evaluator agree", lambda: with_clickhouse(seed))
    else:
        print("skip query: SQL in ClickHouse 18.16 and the evaluator agree: clickhouse-server is not installed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""The Elasticsearch-compatible input as shippers meet it: the handshake of each, bulk bodies good and bad, push-back,
resends after crashes, and Debian's rsyslog with omelasticsearch. Runs jw-collect and jw-api without the lake."""

import base64
import gzip
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from scenario import BUILD, SOURCE, case, free_port, wait_for




class Daemon:
    def __init__(self, place, name, *options):
        self.place, self.name, self.options = place, name, options
        self.start()

    def start(self):
        ready, tell = os.pipe()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, f"daemons/{self.name}/jw-{self.name}"), f"--data={self.place.data}",
             f"--content={SOURCE}/content", *self.options],
            stdout=self.place.log, stderr=self.place.log, pass_fds=[tell],
            env={**os.environ, "JW_READY_FD": str(tell), "ASAN_OPTIONS": "detect_leaks=0"})
        os.close(tell)
        assert os.read(ready, 1), open(self.place.log.name).read()[-3000:]
        os.close(ready)

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(30)


class Place:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="jw.", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.data)
        self.log = open(os.path.join(self.folder, "log"), "w")
        self.port, self.direct = free_port(), free_port()
        made = subprocess.run([os.path.join(BUILD, "jinwu"), "keys", "add", "gateway", "--data", self.data, "--json"],
                              capture_output=True, text=True, check=True)
        key = json.loads(made.stdout)
        self.id, self.secret = key["id"], key["secret"]
        self.collect_options = ["--syslog-udp=", "--syslog-tcp=", "--syslog-tls=", "--relp=", "--spool-mib=1024",
                                f"--elastic-http=127.0.0.1:{self.direct}"]
        self.collect = Daemon(self, "collect", *self.collect_options)
        self.api = Daemon(self, "api", f"--listen=127.0.0.1:{self.port}")

    def api_key(self):
        return "ApiKey " + base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()

    def ask(self, method, path, body=None, headers=None, direct=False, timeout=60):
        given = {"Authorization": self.api_key(), "Content-Type": "application/x-ndjson"}
        given.update(headers or {})
        if direct:
            link = http.client.HTTPConnection("127.0.0.1", self.direct, timeout=timeout)
        else:
            link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout,
                                               context=ssl._create_unverified_context())
        try:
            link.request(method, path, body, {k: v for k, v in given.items() if v})
            answer = link.getresponse()
            answer.text = answer.read().decode()
            return answer
        finally:
            link.close()

    def bulk(self, documents, path="/_bulk", action='{"create":{"_index":"logs-test-default"}}', **more):
        body = "".join(f"{action}\n{d if isinstance(d, str) else json.dumps(d)}\n" for d in documents)
        return self.ask("POST", path, body.encode(), **more)

    def events(self):
        out = subprocess.run([os.path.join(BUILD, "tests/spool_dump"), os.path.join(self.data, "spool/events")],
                             capture_output=True, text=True, check=True).stdout
        return [json.loads(line) for line in out.splitlines()]

    def count(self, word):
        return sum(word in json.dumps(event) for event in self.events())

    def stop(self):
        self.api.stop()
        self.collect.stop()
        log = open(self.log.name).read()
        shutil.rmtree(self.folder)
        assert "ERROR: AddressSanitizer" not in log and "runtime error" not in log, log[-5000:]


def same(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def product(answer, status=200):
    same(answer.status, status)
    same(answer.headers["X-Elastic-Product"], "Elasticsearch")
    return json.loads(answer.text) if answer.text and answer.headers["Content-Type"].startswith("application/") else None


# --- handshakes, in the order that each shipper asks -----------------------------------------------------------------

def filebeat_and_winlogbeat_shake_hands():
    for direct in (False, True):
        hello = product(place.ask("GET", "/", direct=direct))
        assert hello["version"]["number"].startswith("8.") and hello["version"]["build_flavor"] == "default"
        same(product(place.ask("GET", "/_license?human=false", direct=direct))["license"]["status"], "active")
        assert product(place.ask("GET", "/_xpack", direct=direct))["features"]["ilm"]["enabled"]
        product(place.ask("GET", "/_ilm/policy/filebeat", direct=direct))
        product(place.ask("PUT", "/_ilm/policy/filebeat", b"{}", direct=direct))
        same(place.ask("HEAD", "/_index_template/filebeat-8.17.0", direct=direct).status, 200)
        product(place.ask("PUT", "/_index_template/filebeat-8.17.0", b"{" + b" " * 500000 + b"}", direct=direct))
        product(place.ask("GET", "/_data_stream/filebeat-8.17.0", direct=direct))
        product(place.ask("PUT", "/_data_stream/filebeat-8.17.0", direct=direct))
        product(place.ask("PUT", "/_ingest/pipeline/filebeat-8.17.0-system-auth", b"{}", direct=direct))
        answer = place.bulk([{"@timestamp": "2026-08-31T09:30:00.000Z", "message": "beat", "agent": {"type": "filebeat"},
                              "log": {"file": {"path": "/var/log/x.log"}}}],
                            "/_bulk?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status", direct=direct)
        same(answer.text, '{"errors":false,"items":[{"create":{"status":201}}]}\n')


def logstash_shakes_hands():
    hello = product(place.ask("GET", "/", headers={"Accept": "application/vnd.elasticsearch+json;compatible-with=8"}))
    same(hello["tagline"], "You Know, for Search")
    same(product(place.ask("GET", "/_license"))["license"]["type"], "basic")
    same(place.ask("HEAD", "/_index_template/ecs-logstash").status, 200)
    same(place.ask("HEAD", "/_template/logstash").status, 200)
    nodes = product(place.ask("GET", "/_nodes/http"))["nodes"]
    same([n["http"]["publish_address"] for n in nodes.values()], [f"127.0.0.1:{place.port}"])
    same(place.bulk([{"message": "stash"}], "/_bulk?filter_path=errors,items.*.error,items.*.status").status, 200)


def fluent_bit_and_vector_shake_hands():
    same(product(place.ask("GET", "/_cluster/health"))["status"], "green")  # Vector's health check
    bit = place.bulk([{"@timestamp": "2026-08-31T09:30:00.000Z", "log": "bit"}], "/logs-bit-default/_bulk",
                     '{"create":{"_index":"fluent-bit","_id":"a1"}}')
    item = product(bit)["items"][0]["create"]
    same((item["_index"], item["_id"], item["status"], item["result"]), ("fluent-bit", "a1", 201, "created"))
    packed = gzip.compress(b'{"index":{"_index":"vector-2026.08.31"}}\n{"message":"vector gzip"}\n')
    vector = place.ask("POST", "/_bulk?timeout=60s", packed, {"Content-Encoding": "gzip"})
    assert '"errors":false' in vector.text, vector.text
    same(place.count("vector gzip"), 1)


def single_documents_are_created():
    for method, path in (("POST", "/logs-a-b/_doc"), ("PUT", "/logs-a-b/_doc/7"), ("PUT", "/logs-a-b/_create/8")):
        made = product(place.ask(method, path, b'{"message":"single"}'), 201)
        same((made["result"], made["_index"]), ("created", "logs-a-b"))
    same(place.count("single"), 3)
    same(product(place.ask("POST", "/logs-a-b/_doc", b'{"message":'), 400)["status"], 400)
    same(place.ask("HEAD", "/logs-a-b").status, 200)
    same(place.ask("DELETE", "/_index_template/x").status, 403)


# --- keys ------------------------------------------------------------------------------------------------------------

def wrong_keys_are_refused_and_counted():
    before = stat("senders_refused_total")
    for header in (None, "ApiKey " + base64.b64encode(f"{place.id}:nonsense".encode()).decode(), "ApiKey %%%",
                   "Basic " + base64.b64encode(b"elastic:changeme").decode(), "Bearer x"):
        for direct in (False, True):
            answer = place.ask("POST", "/_bulk", b'{"create":{}}\n{"message":"thief"}\n', {"Authorization": header},
                               direct=direct)
            same((header, answer.status), (header, 401))
    same(stat("senders_refused_total"), before + 10)
    same(place.count("thief"), 0)
    name = "Basic " + base64.b64encode(f"{place.id}:{place.secret}".encode()).decode()
    same(place.ask("GET", "/", headers={"Authorization": name}).status, 200)


def events_carry_the_name_of_their_key():
    place.bulk([{"message": "who am I"}])
    event = next(e for e in place.events() if "who am I" in json.dumps(e))
    same(event["gov.source"], "gateway")


# --- bodies ----------------------------------------------------------------------------------------------------------

def one_bad_line_fails_alone():
    body = ('{"index":{}}\n{"message":"before"}\n'
            '{"index":{}}\n{"message":"broken\n'
            '{"index":{}}\n["no object"]\n'
            'no action at all\n{"message":"lost its action"}\n'
            '{"delete":{"_index":"a","_id":"1"}}\n'
            '{"update":{"_index":"a","_id":"1"}}\n{"doc":{"a":1}}\n'
            '{"index":{}}\n{"message":"\xff"}\n'
            '{"create":{}}\n{"message":"behind"}\n').encode("latin-1")
    answer = product(place.ask("POST", "/logs-bad-lines/_bulk", body))
    same(answer["errors"], True)
    statuses = [next(iter(item.values()))["status"] for item in answer["items"]]
    same(statuses, [201, 400, 400, 400, 400, 400, 400, 201])
    same([next(iter(item)) for item in answer["items"]],
         ["index", "index", "index", "index", "delete", "update", "index", "create"])
    same([place.count(word) for word in ("before", "behind", "broken", "lost its action")], [1, 1, 0, 0])


def hints_name_the_dataset():
    place.bulk([{"message": "hint one"}], action='{"create":{"_index":"logs-citywide.gate-default"}}')
    place.bulk([{"message": "hint two", "event": {"dataset": "own.set"}}],
               action='{"create":{"_index":"logs-citywide.gate-default"}}')
    place.bulk([{"message": "hint three", "fields": {"dataset": "from.fields"}}], action='{"create":{}}')
    found = {e["message"]: e.get("event.dataset") for e in place.events() if "hint " in str(e.get("message", ""))}
    same(found, {"hint one": "citywide.gate", "hint two": "own.set", "hint three": "from.fields"})


def a_line_inside_a_document_is_parsed_like_any_other():
    line = "Aug 31 09:30:00 gate1 sshd[1234]: Failed password for root from 203.0.113.9 port 4711 ssh2"
    place.bulk([{"@timestamp": "2026-08-31T09:30:01Z", "message": line, "log": {"file": {"path": "/var/log/auth.log"}},
                 "agent": {"type": "filebeat"}, "host": {"name": "gate1"}}])
    event = next(e for e in place.events() if "203.0.113.9" in json.dumps(e))
    same((event.get("source.ip"), event.get("user.name"), event.get("gov.parsed")), ("203.0.113.9", "root", True))


def large_bodies_and_bombs_have_ceilings():
    rows = [{"message": f"row {i}", "pad": "x" * 800} for i in range(20000)]  # 17 MB: several submissions
    answer = json.loads(place.bulk(rows, "/_bulk?filter_path=errors", timeout=170).text)
    same(answer, {"errors": False})
    same(place.count('"row 19999"'), 1)
    bomb = gzip.compress(b"a" * (110 << 20), 9)
    same(place.ask("POST", "/_bulk", bomb, {"Content-Encoding": "gzip"}).status, 413)
    with socket.create_connection(("127.0.0.1", place.direct)) as peer:
        peer.sendall(f"POST /_bulk HTTP/1.1\r\nHost: x\r\nAuthorization: {place.api_key()}\r\n"
                     f"Content-Length: {101 << 20}\r\n\r\n".encode())
        assert b" 413 " in peer.recv(200)
    same(place.ask("POST", "/_bulk", b'{"a":{}}\n' * 300000).status, 413)
    same(place.ask("POST", "/_bulk", b"\x1f\x8bnot gzip", {"Content-Encoding": "gzip"}).status, 400)
    long = json.dumps({"message": "long " + "y" * (3 << 20)})  # more than one event may have: kept, cut
    same(json.loads(place.bulk([long]).text)["errors"], False)
    assert any("cut" in str(e.get("tags")) for e in place.events())


def equal_bodies_sent_on_purpose_are_all_kept():
    for _ in range(3):
        same(place.bulk([{"message": "on purpose"}]).status, 200)
    for _ in range(2):
        same(place.bulk([{"message": "on purpose"}], direct=True).status, 200)
    time.sleep(0.2)
    same(place.count("on purpose"), 5)


def send_and_hang_up(body, port, tls):
    """The whole request, and the connection dies before the answer can be read."""
    peer = socket.create_connection(("127.0.0.1", port))
    if tls:
        peer = ssl._create_unverified_context().wrap_socket(peer)
    peer.sendall(f"POST /_bulk HTTP/1.1\r\nHost: x\r\nAuthorization: {place.api_key()}\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return peer


def a_resend_after_a_crash_is_not_doubled():
    for round in range(3):
        rows = [{"message": f"resend {round} {i}", "pad": "z" * 500} for i in range(20000)]  # 11 MB, three submissions
        body = "".join(f'{{"create":{{}}}}\n{json.dumps(row)}\n' for row in rows).encode()
        peer = send_and_hang_up(body, place.direct, False)
        time.sleep(0.1 + 0.3 * round)
        place.collect.stop(signal.SIGKILL)
        peer.close()
        place.collect.start()
        answer = place.ask("POST", "/_bulk?filter_path=errors", body, timeout=170)
        same((answer.status, json.loads(answer.text)["errors"]), (200, False))
        kept = [e["message"] for e in place.events() if f"resend {round} " in str(e.get("message"))]
        same((len(kept), len(set(kept))), (20000, 20000))


def a_resend_while_the_first_is_worked_on_waits_and_is_not_doubled():
    body = "".join(f'{{"create":{{}}}}\n{{"message":"twice {i}"}}\n' for i in range(30000)).encode()
    peer = send_and_hang_up(body, place.port, True)
    time.sleep(0.3)
    place.api.stop(signal.SIGKILL)  # whoever knew that an answer was due is gone
    peer.close()
    place.api.start()
    same(place.ask("POST", "/_bulk?filter_path=errors", body, timeout=170).status, 200)
    kept = [e["message"] for e in place.events() if "twice " in str(e.get("message"))]
    same((len(kept), len(set(kept))), (30000, 30000))


def stat(name):
    out = subprocess.run([os.path.join(BUILD, "jinwu"), "status", "--json", "--data", place.data], capture_output=True,
                         text=True).stdout
    return sum(line["value"] for line in map(json.loads, out.splitlines()) if line["name"] == name)


def a_full_spool_pushes_back_for_the_whole_body_and_recovers():
    place.collect.stop()
    shutil.rmtree(os.path.join(place.data, "spool"))
    place.collect.options = (*place.collect_options, "--segment-mib=1", "--spool-mib=16")
    place.collect.start()
    pushed = None
    for i in range(80):
        answer = place.bulk([{"message": f"fill {i} {j}", "pad": os.urandom(300).hex()} for j in range(800)])
        if answer.status == 429:
            pushed = i
            break
        same(json.loads(answer.text)["errors"], False)
    assert pushed, "the spool never filled up"
    assert int(answer.headers["Retry-After"]) > 0
    same(product(answer, 429)["error"]["type"], "es_rejected_execution_exception")
    kept = [e["message"].split()[1] for e in place.events() if "fill " in str(e.get("message"))]
    same((len(kept), str(pushed) in kept), (800 * pushed, False))  # all or nothing
    assert stat("bulk_pushed_back_total") >= 1
    place.collect.stop()
    shutil.rmtree(os.path.join(place.data, "spool"))
    place.collect.options = tuple(place.collect_options)
    place.collect.start()
    same(place.bulk([{"message": "room again"}]).status, 200)


def while_the_collector_is_away_senders_are_told_to_wait():
    place.collect.stop()
    answer = place.bulk([{"message": "wait for me"}])
    same(answer.status, 503)
    assert answer.headers["Retry-After"]
    place.collect.start()
    same(place.bulk([{"message": "wait for me"}]).status, 200)
    same(place.count("wait for me"), 1)


# --- rsyslog ---------------------------------------------------------------------------------------------------------

def rsyslog_with_omelasticsearch_delivers_everything():
    if not shutil.which("rsyslogd"):
        print("  skipped: rsyslogd is not installed")
        return
    lines, folder = 5000, os.path.join(place.folder, "rsyslog")
    os.makedirs(folder)
    source = os.path.join(folder, "in.log")
    with open(os.path.join(SOURCE, "tests/peers/rsyslog_elastic.conf"), encoding="utf-8") as file:
        text = file.read()
    for name, value in {"FOLDER": folder, "FILE": source, "PORT": str(place.port), "ID": place.id,
                        "SECRET": place.secret}.items():
        text = text.replace(f"@{name}@", value)
    config = os.path.join(folder, "rsyslog.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    with open(source, "w", encoding="utf-8") as file:
        file.writelines(f'rsyslog line {i} with "quotes" and 中文\n' for i in range(lines))
    process = subprocess.Popen(["rsyslogd", "-n", "-f", config, "-i", os.path.join(folder, "pid")],
                               stdout=place.log, stderr=place.log)
    try:
        wait_for(lambda: place.count("rsyslog line ") >= lines, 90, 1)
    finally:
        process.terminate()
        process.wait(20)
    kept = [e["message"] for e in place.events() if "rsyslog line " in str(e.get("message"))]
    same((len(kept), len(set(kept))), (lines, lines))
    assert any("中文" in message for message in kept)


place = Place()
good = False
try:
    good = all([case(run.__name__, run) for run in (
        filebeat_and_winlogbeat_shake_hands, logstash_shakes_hands, fluent_bit_and_vector_shake_hands,
        single_documents_are_created, wrong_keys_are_refused_and_counted, events_carry_the_name_of_their_key,
        one_bad_line_fails_alone, hints_name_the_dataset, a_line_inside_a_document_is_parsed_like_any_other,
        equal_bodies_sent_on_purpose_are_all_kept, rsyslog_with_omelasticsearch_delivers_everything,
        large_bodies_and_bombs_have_ceilings, a_resend_after_a_crash_is_not_doubled,
        a_resend_while_the_first_is_worked_on_waits_and_is_not_doubled,
        while_the_collector_is_away_senders_are_told_to_wait,
        a_full_spool_pushes_back_for_the_whole_body_and_recovers)])
finally:
    place.stop()
sys.exit(not good)

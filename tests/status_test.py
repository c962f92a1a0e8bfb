"""Every way to see the counters says what was sent: `jinwu status` for people and as JSON, /metrics, /api/v1/status.

Named sources send known numbers of good, unparsable, oversized and broken messages over every input; then a daemon is
killed, which must show as well."""

import base64
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time

from scenario import Platform, case, wait_for

CEILING = 4096
GOOD = "<38>Nov 20 10:00:00 gate sshd[7]: Failed password for root from 10.1.2.3 port %d ssh2"
PLAIN = "nothing that anybody understands, number %d"  # in no format at all
LONG = "<13>Nov 20 10:00:00 gate app: %d " + "x" * 2 * CEILING
COLUMNS = ("EVENTS", "UNPARSED", "DROPPED", "OVERSIZE", "INVALID")
NAMES = dict(zip(COLUMNS, ("events_received_total", "events_unparsed_total", "events_dropped_total", "oversize_total",
                           "invalid_total")))
SOURCES = {"tcp": "市防火墙 TCP", "udp": "udp gate", "relp": "relp relay", "bulk": "beats", "file": "应用日志",
           "send": "old archive"}


def lines(good, plain, long):
    return [GOOD % n for n in range(good)] + [PLAIN % n for n in range(plain)] + [LONG % n for n in range(long)]


def expect(good, plain, long, invalid=0):
    return dict(zip(COLUMNS, (good + plain + long, plain, 0, long, invalid)))


WANT = {SOURCES["tcp"]: expect(310, 42, 5), SOURCES["udp"]: expect(100, 10, 3), SOURCES["relp"]: expect(90, 9, 2, 1),
        SOURCES["bulk"]: expect(50, 0, 0, 4), SOURCES["file"]: expect(200, 20, 4), SOURCES["send"]: expect(150, 15, 2)}


def connect(port, address):
    return socket.create_connection(("127.0.0.1", jinwu.port[port]), timeout=20, source_address=(address, 0))


def until_closed(link):
    while link.recv(65536):
        pass


def send_tcp():
    with connect("syslog-tcp", "127.0.0.2") as link:
        link.sendall("".join(line + "\n" for line in lines(300, 40, 5)).encode())
    with connect("syslog-tcp", "127.0.0.2") as link:  # counted octets, and lines behind them
        link.sendall("".join(f"{len(line)} {line}" for line in lines(7, 0, 0)).encode() +
                     "".join(line + "\n" for line in lines(3, 2, 0)).encode())


def send_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind(("127.0.0.3", 0))
        for line in lines(100, 10, 3):
            out.sendto(line.encode(), ("127.0.0.1", jinwu.port["syslog-udp"]))
            time.sleep(0.001)


def relp(number, command, data):
    return b"%d %s %d %s\n" % (number, command, len(data), data)


def send_relp():
    with connect("relp", "127.0.0.4") as link:
        link.sendall(relp(1, b"open", b"relp_version=0\ncommands=syslog"))
        sent = lines(90, 9, 2)
        link.sendall(b"".join(relp(2 + i, b"syslog", line.encode()) for i, line in enumerate(sent)))
        got = b""
        while got.count(b" 200 OK") < len(sent) + 1:
            more = link.recv(65536)
            assert more, got[-200:]
            got += more
        link.sendall(b"neither a number nor a command\n")
        until_closed(link)


def send_bulk():
    documents = [json.dumps({"message": f"document {n}", "user": {"name": "root"}}) for n in range(50)]
    documents[10:10] = ['{"message": '] * 4
    body = "".join('{"create":{"_index":"logs"}}\n' + document + "\n" for document in documents)
    token = base64.b64encode(":".join(jinwu.key(SOURCES["bulk"])).encode()).decode()
    status, answer = jinwu.request("POST", "/_bulk", body.encode(), {"Authorization": "ApiKey " + token})
    assert status == 200, answer
    got = [item["create"]["status"] for item in json.loads(answer)["items"]]
    assert got == [201] * 10 + [400] * 4 + [201] * 40, got


def send_file():
    with open(followed, "a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines(200, 20, 4))


def send_archive():
    path = os.path.join(jinwu.folder, "archive")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines(150, 15, 2))
    done = jinwu.command("send", "--source", SOURCES["send"], path)
    assert done.returncode == 0, done.stderr


# --- the four views ----------------------------------------------------------------------------------------------


def seen_as_json():
    return {(c["daemon"], c["name"], c["source"]): c["value"] for c in jinwu.status()}


def seen_at_status():
    return {(c["daemon"], c["name"], c["source"]): c["value"] for c in jinwu.get("/api/v1/status")["counters"]}


def seen_at_metrics():
    status, body = jinwu.request("GET", "/metrics")
    assert status == 200, body
    found = re.findall(r'^jinwu_(\w+)\{daemon="([^"]*)",source="([^"]*)"\} (\d+)$', body.decode(), re.M)
    return {(daemon, name, source): int(value) for name, daemon, source, value in found}


def table():
    """What `jinwu status` prints on a terminal, and its exit status."""
    ours, theirs = pty.openpty()
    run = subprocess.Popen([jinwu.program, "status", "--data", jinwu.data], stdout=theirs, stderr=subprocess.STDOUT)
    os.close(theirs)
    text = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not more:
            break
        text += more
    os.close(ours)
    return text.decode().replace("\r\n", "\n"), run.wait()


def section(text, heading):
    """The rows below a heading, as cells: two blanks or more divide them."""
    rows = text[text.index("\n" + heading) + 1:].split("\n\n")[0].splitlines()
    return [re.split(r" {2,}", row.strip()) for row in rows]


def same(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def check_counters(seen):
    for source, numbers in WANT.items():
        for column, number in numbers.items():
            same((source, column, seen.get(("jw-collect", NAMES[column], source), 0)), (source, column, number))


def every_number_is_as_sent():
    for send in (send_tcp, send_udp, send_relp, send_bulk, send_file, send_archive):
        send()
    total = sum(numbers["EVENTS"] for numbers in WANT.values())
    wait_for(lambda: jinwu.counter("events_received_total") >= total, 20, 0.1)
    wait_for(lambda: jinwu.count("*", **{"from": "2000-01-01"}) == total, 20, 0.1)
    check_counters(seen_as_json())


def the_api_says_the_same():
    check_counters(seen_at_status())
    check_counters(seen_at_metrics())


def the_table_says_the_same():
    text, code = table()
    print("\n".join("  " + line for line in text.splitlines()[:30]))
    same(code, 0)
    head, *rows = section(text, "SOURCE")
    shown = {row[0]: dict(zip(head, row)) for row in rows}
    for source, numbers in WANT.items():
        same((source, {name: int(shown[source][name]) for name in numbers}), (source, numbers))
    same(set(shown), set(WANT))  # and nobody who sent nothing
    daemons = {row[0]: row for row in section(text, "DAEMON  ")[1:]}
    same({name: row[1] for name, row in daemons.items()},
         dict.fromkeys(["jw-api", "jw-collect", "jw-detect", "jw-lake", "jw-loader", "up"], "running"))
    edges = {len(line.encode("gb18030")) for line in text[text.index("\nSOURCE") + 1:].split("\n\n")[0].splitlines()}
    assert len(edges) == 1, "the rows of a table do not end in the same column"  # in GB 18030 a wide sign is two bytes


def nobody_is_behind():
    def lags():
        seen = seen_at_metrics()
        return {key: value for key, value in seen.items() if key[1] in ("lag_events", "lag_bytes", "lag_seconds")}
    wait_for(lambda: not any(lags().values()), 20, 0.2)
    same({(daemon, source) for daemon, _, source in lags()},
         {("jw-detect", ""), ("jw-loader", "events"), ("jw-loader", "alerts")})
    rows = section(table()[0], "LAG OF")[1:]
    same(sorted((row[0], row[1], row[2]) for row in rows),
         [("jw-detect", "events", "0"), ("jw-loader", "alerts", "0"), ("jw-loader", "events", "0")])


def the_dead_are_shown():
    up = jinwu.process.pid
    os.kill(up, signal.SIGSTOP)  # or it would be started again before anybody looks
    try:
        jinwu.kill("jw-detect")
        text, code = table()
        same(code, 1)
        row = next(row for row in section(text, "DAEMON  ") if row[0] == "jw-detect")
        same((row[1], row[3]), ("DOWN", "1"))
        status, body = jinwu.request("GET", "/metrics")
        assert b'jinwu_daemon_running{daemon="jw-detect"} 0' in body and b'running{daemon="jw-api"} 1' in body
        same([c["running"] for c in jinwu.status() if c["daemon"] == "jw-detect" and c["name"] == "pid"], [False])
    finally:
        os.kill(up, signal.SIGCONT)
    wait_for(lambda: jinwu.pid("jw-detect"), 20, 0.1)
    text, code = table()
    row = next(row for row in section(text, "DAEMON  ") if row[0] == "jw-detect")
    same((code, row[1], row[3]), (0, "running", "2"))
    same(jinwu.counter("daemon_restarts_total", "detect"), 1)
    check_counters(seen_as_json())  # a death takes no number back


jinwu = Platform()
followed = os.path.join(jinwu.folder, "app.log")
jinwu.options = {"collect": {
    "message-kib": CEILING >> 10, "follow": [followed + "," + SOURCES["file"]],
    "source": [SOURCES["tcp"] + ",127.0.0.2", SOURCES["udp"] + ",127.0.0.3/32,syslog-udp", SOURCES["relp"] + ",127.0.0.4"]}}
with jinwu:
    good = all([case(run.__name__, run) for run in (
        every_number_is_as_sent, the_api_says_the_same, the_table_says_the_same, nobody_is_behind, the_dead_are_shown)])
sys.exit(not good)

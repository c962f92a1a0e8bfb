"""From a sender's bulk body to the answers of the API, through all daemons of `jinwu up`: search, pages, top values,
histogram, one event, live tail."""

import base64
import http.client
import json
import signal
import ssl
import sys
import threading
import time

from scenario import Platform, case, wait_for


def same(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def bulk(documents):
    body = "".join(f'{{"create":{{"_index":"logs-gate-default"}}}}\n{json.dumps(d)}\n' for d in documents)
    status, answer = jinwu.request("POST", "/_bulk", body.encode(),
                                   {"Authorization": "ApiKey " + base64.b64encode(":".join(key).encode()).decode()})
    assert status == 200 and not json.loads(answer)["errors"], answer[:300]


def documents(word, count):
    return [{"@timestamp": f"2026-08-31T09:{i % 60:02}:00.{i:06}Z", "message": f"{word} number {i}",
             "source": {"ip": f"203.0.113.{i % 7}"}, "user": {"name": f"user{i % 3}"}, "n": i} for i in range(count)]


def what_a_sender_sent_is_found():
    bulk(documents("plum", 250))
    wait_for(lambda: jinwu.count("plum") == 250, 30, 0.2)
    found = jinwu.get("/api/v1/search", q="plum", limit="10")
    same((found["total"], len(found["events"])), (250, 10))
    event = found["events"][0]
    same((event["message"], event["gov.source"], event["source.ip"]),
         ("plum number 239", "sender", "203.0.113.1"))
    assert event["event.id"] and event["event.ingested"]


def a_query_narrows_and_a_range_cuts():
    same(jinwu.count("plum and user.name:user1"), 83)
    same(jinwu.count("plum and source.ip:203.0.113.0/30"), 144)
    same(jinwu.get("/api/v1/search", q="plum", to="2026-08-31T09:30:00Z", count="true")["total"], 134)  # that second is in it
    status, answer = jinwu.request("POST", "/api/v1/search", json.dumps(
        {"q": "plum", "by": ["user.name"], "limit": 2, "from": "2026-08-31"}), {"Content-Type": "application/json"})
    same((status, json.loads(answer)["by"]),
         (200, [{"user.name": "user0", "count": 84}, {"user.name": "user1", "count": 83}]))


def pages_give_every_event_once_in_order():
    seen, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = jinwu.get("/api/v1/search", q="plum", limit="60", fields="@timestamp,message", **more)
        seen += page["events"]
        same([set(e) for e in page["events"][:1]], [{"event.id", "@timestamp", "message"}])
        cursor = page.get("cursor")
        if not cursor:
            break
    same((len(seen), len({e["event.id"] for e in seen})), (250, 250))
    times = [e["@timestamp"].replace("00.000Z", "00.000000Z") for e in seen]
    assert times == sorted(times, reverse=True), times


def a_histogram_adds_up():
    found = jinwu.get("/api/v1/search", q="plum", histogram="60", limit="1", **{"from": "2026-08-31T09:00:00Z"},
                      to="2026-08-31T09:59:59Z")
    same((sum(bar["count"] for bar in found["histogram"]), found["histogram"][0]["seconds"]), (250, 60))


def one_event_is_found_by_its_id():
    event = jinwu.get("/api/v1/search", q="\"plum number 7\"", limit="1")["events"][0]
    same(jinwu.get(f"/api/v1/events/{event['event.id']}"), event)
    status, _ = jinwu.request("GET", f"/api/v1/alerts/{event['event.id']}")
    same(status, 404)
    status, _ = jinwu.request("GET", "/api/v1/events/00000001-0000000000000001")
    same(status, 404)


def what_a_user_types_stays_a_value():
    for odd in ("'", "\"'; DROP TABLE jw.events\"", "\\\\", "\"a\tb\"", "message:\"%27 OR 1=1\"", "{p0:String}"):
        status, answer = jinwu.request("GET", "/api/v1/search", q=odd, count="true")
        assert status in (200, 400), (odd, status, answer)
    same(jinwu.count("plum"), 250)


def the_command_asks_what_was_written():
    asked = jinwu.command("search", "plum " + "x" * 20000, "--from", "2026-08-31")  # not: the last 100 events
    assert (asked.returncode, asked.stdout) == (2, "") and "at most 16384 bytes" in asked.stderr, asked
    asked = jinwu.command("search", "plum n:7", "--from", "2026-08-31", "--by", "@timestamp,n,n")
    same(json.loads(asked.stdout), {"@timestamp": "2026-08-31T09:07:00.000007Z", "n": "7", "count": 1})
    same(jinwu.get("/api/v1/search", q="plum n:7", by="@timestamp")["by"],
         [{"@timestamp": "2026-08-31T09:07:00.000007Z", "count": 1}])


def the_tail_shows_what_arrives_and_nothing_else():
    link = http.client.HTTPSConnection("127.0.0.1", jinwu.port["https"], timeout=30,
                                       context=ssl._create_unverified_context())
    login = "Basic " + base64.b64encode(f"admin:{jinwu.password}".encode()).decode()
    link.request("GET", "/api/v1/tail?q=peach", headers={"Authorization": login})
    answer = link.getresponse()
    same(answer.status, 200)
    got = []

    def read():
        for line in answer:
            if line.startswith(b"data: "):
                got.append(json.loads(line[6:]))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    time.sleep(0.3)
    begun = time.monotonic()
    bulk(documents("plum", 20) + documents("peach", 5))
    wait_for(lambda: len(got) == 5, 10)
    print(f"  the tail had them after {time.monotonic() - begun:.2f} s")
    same(sorted(e["message"] for e in got), [f"peach number {i}" for i in range(5)])
    wait_for(lambda: jinwu.count("peach") == 5, 30, 0.2)
    ids = {e["event.id"] for e in jinwu.get("/api/v1/search", q="peach")["events"]}
    same({e["event.id"] for e in got}, ids)
    link.sock.close() if link.sock else None


def a_store_that_hangs_is_away_and_not_too_expensive():
    assert jinwu.kill("jw-lake", signal.SIGSTOP)
    try:
        status, answer = jinwu.request("GET", "/api/v1/search", q="plum", timeout=20)
        same((status, json.loads(answer)["error"]["code"]), (503, "lake_away"))
        assert "does not answer" in json.loads(answer)["error"]["message"], answer
        asked = jinwu.command("search", "plum", timeout=20)
        assert asked.returncode == 1 and "the event store does not answer" in asked.stderr, asked
    finally:
        jinwu.kill("jw-lake", signal.SIGCONT)
    same(jinwu.count("plum") >= 250, True)


with Platform() as jinwu:
    key = jinwu.key("sender")
    good = all([case(run.__name__, run) for run in (
        what_a_sender_sent_is_found, a_query_narrows_and_a_range_cuts, pages_give_every_event_once_in_order,
        a_histogram_adds_up, one_event_is_found_by_its_id, what_a_user_types_stays_a_value,
        the_command_asks_what_was_written,
        the_tail_shows_what_arrives_and_nothing_else, a_store_that_hangs_is_away_and_not_too_expensive)])
sys.exit(not good)

"""`jinwu send` of everything that is not a line: JSON arrays, one pretty document, EVTX, and each of them in gzip.

What arrives is what was in the file, every document once; and live detection finds in Windows event logs exactly what
`jinwu detect` finds in the files (skipped where the corpora are absent)."""

import collections
import glob
import gzip
import json
import os
import subprocess
import sys

from scenario import BUILD, SOURCE, Platform, case, wait_for

CORPORA = os.path.join(SOURCE, "..", "shared", "corpora")
DOCUMENTS = [{"message": f"document {n} 文", "n": n, "user": {"name": "root"}, "tags": ["a", "b"]} for n in range(500)]
SHAPES = {"array": json.dumps(DOCUMENTS), "array of lines": "[\n" + ",\n".join(map(json.dumps, DOCUMENTS)) + "\n]\n",
          "pretty array": json.dumps(DOCUMENTS, indent=2), "lines": "".join(json.dumps(d) + "\n" for d in DOCUMENTS)}


def write(name, text):
    path = os.path.join(jinwu.folder, name)
    with (gzip.open if name.endswith(".gz") else open)(path, "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    return path


def send(source, *paths):
    done = jinwu.command("send", "--source", source, *paths, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr
    sent = json.loads(done.stdout)
    assert not sent["cut"], sent
    return sent["events"]


def dump(spool):
    done = subprocess.run([os.path.join(BUILD, "tests/spool_dump"), os.path.join(jinwu.data, "spool", spool)],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def documents_arrive_whole_and_once_however_they_are_written():
    for shape, text in SHAPES.items():
        for end in ("", ".gz"):
            assert send(shape + end, write(shape + end, text)) == len(DOCUMENTS), shape + end
    assert send("one", write("one.gz", json.dumps(DOCUMENTS[7], indent=2))) == 1
    events = collections.defaultdict(list)
    for event in dump("events"):
        events[event["gov.source"]].append(event)
    for source, got in events.items():
        want = [DOCUMENTS[7]] if source == "one" else DOCUMENTS
        assert [event["n"] for event in got] == [document["n"] for document in want], source
        for event, document in zip(got, want):
            assert (event["message"], event["user.name"], event["tags"]) == (document["message"], "root", ["a", "b"]), event
            assert json.loads(event["event.original"]) == document, event
    assert len(events) == 2 * len(SHAPES) + 1, sorted(events)


def what_cannot_be_read_is_told_and_the_rest_is_sent():
    folder = os.path.join(jinwu.folder, "mixed")
    os.makedirs(os.path.join(folder, "below"))
    os.mkfifo(os.path.join(folder, "pipe"))  # opening it would wait for ever
    os.symlink("/usr", os.path.join(folder, "all of it"))
    first, second = write("mixed/a.log", "one\ntwo\n"), write("mixed/below/b.log", "three\n")
    broken, cut = write("broken.gz.log", b"\x1f\x8b\x08broken"), write("cut.json", '[{"a":1},\n{"a":2},\n')
    done = jinwu.command("send", "--source", "mixed", "/nowhere", broken, cut, folder, first, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["events"]) == (1, 2 + 3 + 2), done
    for told in ("/nowhere: No such file", "broken.gz.log: ", "cut.json: 1 damaged", "mixed: 2 entries are links or no files"):
        assert told in done.stderr, (told, done.stderr)


def a_windows_event_log_is_judged_live_as_offline():
    logs = sorted(glob.glob(os.path.join(CORPORA, "evtx", "**", "*.evtx"), recursive=True))
    packed = []
    for path in logs[:3]:
        with open(path, "rb") as file:
            packed.append(write(os.path.basename(path) + ".gz", file.read()))
    logs += packed
    offline = subprocess.run([jinwu.program, "detect", "--rules", rules, "--json", *logs], capture_output=True, text=True)
    matches = [json.loads(line) for line in offline.stdout.splitlines()]
    sent = send("evtx", *logs)
    wait_for(lambda: jinwu.counter("events_matched_total") >= sent, 60, 0.2)
    jinwu.stop()
    events = [event for event in dump("events") if event["gov.source"] == "evtx"]
    assert len(events) == sent and all(event["gov.parsed"] for event in events), f"{len(events)} of {sent}"
    want = collections.Counter((match["rule.id"], match["@timestamp"]) for match in matches)
    got = collections.Counter((alert["rule.id"], alert["@timestamp"]) for alert in dump("alerts"))
    print(f"  {len(logs)} logs, {sent} events, {sum(want.values())} matches")
    assert want == got, f"lost {list((want - got).items())[:3]}, too many {list((got - want).items())[:3]}"
    assert all(match.get("rule.author") for match in matches)


rules = os.path.join(CORPORA, "sigma", "rules")
jinwu = Platform({"detect": {"rules": [rules], "flood": 1000000}} if os.path.isdir(rules) else {})
cases = [documents_arrive_whole_and_once_however_they_are_written, what_cannot_be_read_is_told_and_the_rest_is_sent]
if os.path.isdir(os.path.join(CORPORA, "evtx")) and os.path.isdir(rules):
    cases.append(a_windows_event_log_is_judged_live_as_offline)
else:
    print("skip a_windows_event_log_is_judged_live_as_offline: no corpora beside the repository")
with jinwu:
    good = all([case(run.__name__, run) for run in cases])
sys.exit(not good)

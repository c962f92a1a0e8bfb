"""Rules are reloaded a hundred times under load, and every alert is what `jinwu detect` says about the same events with
the rules that were in use: none is lost, none is told twice.

A sender never stops. Between reloads rules are added, changed, removed, and broken: a broken rule that was in force must
leave the old ones in use, a broken new file must be left out. The log says which event was the first for which rules."""

import collections
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from scenario import BUILD, Platform, case, wait_for

RELOADS = 100
RULE = """title: marked {mark}
id: {id}
level: low
author: the {id} author
logsource: {{product: jinwu}}
detection: {{a: {{message|{modifier}: "mark={mark} "}}, condition: a}}
"""
COUNTING = """title: many of one group
id: counting
level: high
correlation: {type: event_count, rules: [five], group-by: [process.pid], timespan: 1h, condition: {gte: 20}}
---
title: five
name: five
id: five
logsource: {product: jinwu}
detection: {a: {message|contains: "mark=5 "}, condition: a}
"""
USED = re.compile(r"rule set (\d+) \(.*\) is in use from event [0-9a-f]{8}-([0-9a-f]+) on")
DONE = re.compile(r"jw-detect info: rules: \d+ loaded|reload refused")


class Sender(threading.Thread):
    """Some thousand lines a second over one connection, so that their order is known."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.lines, self.ending = port, [], threading.Event()
        self.stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def run(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
            while not self.ending.is_set():
                first = len(self.lines)
                more = [f"<13>1 {self.stamp} gate app {n // 1000 + 1} - - seq={n} mark={n % 10} end"
                        for n in range(first, first + 60)]
                link.sendall("".join(line + "\n" for line in more).encode())
                self.lines += more
                time.sleep(0.01)


def content_of(reload):
    """The files of the rule set after so many reloads, and whether a reload to it must be refused."""
    files = {"stable.yml": RULE.format(id="stable", mark=0, modifier="contains"), "counting.yml": COUNTING}
    files["changing.yml"] = RULE.format(id="changing", mark=reload % 4 + 1, modifier="contains")
    if reload % 3 == 0:
        files["coming.yml"] = RULE.format(id="coming", mark=7, modifier="contains")
    if reload % 7 == 6:
        files["junk.yml"] = "title: never in force\nid: junk\ndetection: {a: [\n"
    refused = reload % 5 == 4
    if refused:
        files["changing.yml"] = RULE.format(id="changing", mark=9, modifier="nonsense")
    return files, refused


def write(folder, files):
    os.makedirs(folder, exist_ok=True)
    for name in set(os.listdir(folder)) - set(files):
        os.unlink(os.path.join(folder, name))
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


def reload_once(number):
    files, refused = content_of(number)
    write(rules, files)
    done, used = len(DONE.findall(jinwu.output())), len(USED.findall(jinwu.output()))
    jinwu.kill("jw-detect", signal.SIGHUP)
    wait_for(lambda: len(DONE.findall(jinwu.output())) > done, 30, 0.01)
    if refused:
        return
    wait_for(lambda: len(USED.findall(jinwu.output())) > used, 30, 0.01)
    in_use.append(files)


def dump(spool):
    done = subprocess.run([os.path.join(BUILD, "tests/spool_dump"), os.path.join(jinwu.data, "spool", spool)],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def offline(files):
    """(line, rule) of every match, as the same rules find them without a server."""
    folder, log = os.path.join(jinwu.folder, "offline"), os.path.join(jinwu.folder, "sent.log")
    write(folder, files)
    done = subprocess.run([jinwu.program, "detect", "--rules", folder, "--json", log], capture_output=True, text=True)
    return {(match["record"], match["rule.id"]) for match in map(json.loads, done.stdout.splitlines())}


def expected():
    """(event, rule) -> how often, from the events that were kept and what the log says about rule sets."""
    with open(os.path.join(jinwu.folder, "sent.log"), "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in sender.lines)
    begins = [int(event, 16) for _, event in USED.findall(jinwu.output())]
    assert len(begins) == len(in_use), f"{len(begins)} rule sets in the log, {len(in_use)} given"
    found, want, at = {}, collections.Counter(), 0
    for event in sorted(dump("events"), key=lambda event: event["number"]):
        while at + 1 < len(begins) and begins[at + 1] <= event["number"]:
            at += 1
        key = json.dumps(in_use[at])
        if key not in found:
            found[key] = offline(in_use[at])
        line = int(re.search(r"seq=(\d+)", event["event.original"]).group(1)) + 1
        want.update((event["number"], rule) for rule in ("stable", "changing", "coming", "counting")
                    if (line, rule) in found[key])
    return want


def told():
    alerts = dump("alerts")
    assert all(alert["rule.author"] == f"the {alert['rule.id']} author" for alert in alerts
               if alert["rule.id"] != "counting")
    last = [alert["alert.events"] if isinstance(alert["alert.events"], str) else alert["alert.events"][-1]
            for alert in alerts]
    return collections.Counter((int(event.split("-")[1], 16), alert["rule.id"])
                               for event, alert in zip(last, alerts))


def every_alert_is_what_the_rules_in_use_say_of_the_event():
    sender.start()
    wait_for(lambda: USED.search(jinwu.output()))
    for number in range(1, RELOADS + 1):
        reload_once(number)
    sender.ending.set()
    sender.join()
    wait_for(lambda: jinwu.counter("events_matched_total") >= len(sender.lines), 60, 0.2)
    jinwu.stop()
    want, got = expected(), told()
    per_rule = collections.Counter(rule for (_, rule), count in want.items() for _ in range(count))
    print(f"  {len(sender.lines)} events, {len(in_use)} rule sets used, {RELOADS - len(in_use) + 1} refused, alerts: "
          + ", ".join(f"{count} {rule}" for rule, count in sorted(per_rule.items())))
    assert not want - got, f"lost: {sorted((want - got).items())[:5]} of {len(want - got)}"
    assert not got - want, f"too many: {sorted((got - want).items())[:5]} of {len(got - want)}"
    assert all(per_rule[rule] for rule in ("stable", "changing", "coming", "counting"))


def status_says_what_is_in_force_and_why_not_more():
    write(rules, content_of(1)[0])
    jinwu.start()
    files, refused = content_of(4)
    assert refused
    write(rules, files)
    jinwu.kill("jw-detect", signal.SIGHUP)
    wait_for(lambda: jinwu.counter("rules_reload_refused") == 1)
    shown = jinwu.command("status", "--rules", "--json")
    head, *rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert shown.returncode == 1 and "changing.yml" in head["reload_refused"] and "nonsense" in head["reload_refused"], head
    counted = {row["rule.id"]: row for row in rows if "matched" in row}
    assert set(counted) == {"stable", "changing", "five", "counting"}, sorted(counted)
    assert counted["stable"]["alerts"] == counted["stable"]["matched"] > 0, counted["stable"]
    answer = jinwu.get("/api/v1/status")["rules"]
    assert answer["reload_refused"] == head["reload_refused"] and answer["loaded"] == 4, answer
    assert {rule["id"]: rule["alerts_total"] for rule in answer["top"]} == {
        rule: row["alerts"] for rule, row in counted.items() if row["matched"] or row["evaluated"]}
    status, body = jinwu.request("GET", "/metrics")
    assert f'jinwu_rule_alerts_total{{rule="stable"}} {counted["stable"]["alerts"]}\n' in body.decode(), body[-600:]
    write(rules, content_of(1)[0])
    jinwu.kill("jw-detect", signal.SIGHUP)
    wait_for(lambda: jinwu.counter("rules_reload_refused") == 0)
    assert jinwu.command("status", "--rules").returncode == 0


jinwu = Platform()
rules = os.path.join(jinwu.folder, "rules")
jinwu.options = {"detect": {"rules": [rules], "flood": 1000000}}
write(rules, content_of(0)[0])
in_use = [content_of(0)[0]]
with jinwu:
    sender = Sender(jinwu.port["syslog-tcp"])
    good = all([case(run.__name__, run) for run in (
        every_alert_is_what_the_rules_in_use_say_of_the_event, status_says_what_is_in_force_and_why_not_more)])
sys.exit(not good)

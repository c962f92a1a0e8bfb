#!/usr/bin/env python3
"""Scores jinwu's parsers against the parser tests of the CrowdSec hub (../shared/corpora/logs/crowdsec).

Every folder there has a log and parser.assert: what CrowdSec's own parsers made of its lines. What they call
Evt.Meta["source_ip"] is source.ip here, and so on (FIELDS). One assertion is one value of one event; it counts as
right when the event that `jinwu parse` gives for the same line has that value.

In scope are the log types that jinwu promises: syslog envelopes with sshd, sudo, su, PAM, kernel, iptables; auditd;
Apache and nginx; Suricata; Windows events; CEF; and folders of other products only where their lines are web access
logs. Out of scope are applications jinwu has no parser for (Nextcloud, Vaultwarden …): of those only the syslog
envelope is asked (program, host, message, time), as type "syslog envelope".
"""
import collections, datetime, json, os, re, subprocess, sys

SOURCE = os.environ.get("JW_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
BUILD = os.environ.get("JW_BUILD", os.path.join(SOURCE, "build"))
CORPUS = os.path.join(SOURCE, "..", "shared", "corpora", "logs", "crowdsec")
GOAL = 95.0

# CrowdSec's parser -> type, and the parsers that only read envelopes.
TYPES = {
    "sshd-logs": "sshd", "sshd-success-logs": "sshd", "nginx-logs": "nginx", "nginx-mail-logs": "nginx", "apache2-logs": "apache",
    "iptables-logs": "iptables", "auditd-logs": "auditd", "suricata-logs": "suricata", "suricata-evelogs": "suricata",
    "suricata-fastlogs": "suricata", "pam-logs": "pam", "windows-auth": "windows", "windows-logs": "windows",
    "cef-logs": "cef", "syslog-logs": "syslog envelope", "windows-eventlog": "windows",
}
FIELDS = {
    "source_ip": ["source.ip"], "src_ip": ["source.ip"], "clientip": ["source.ip", "source.address"],
    "remote_addr": ["source.ip", "source.address"], "dst_ip": ["destination.ip"], "dest_ip": ["destination.ip"],
    "src_port": ["source.port"], "dst_port": ["destination.port"], "dest_port": ["destination.port"],
    "username": ["user.name", "user.target.name"], "user": ["user.name"], "target_user": ["user.name"],
    "http_path": ["url.path", "url.original", "http.request.line"], "http_status": ["http.response.status_code"],
    "http_verb": ["http.request.method"], "verb": ["http.request.method"], "status": ["http.response.status_code"],
    "response": ["http.response.status_code"], "http_user_agent": ["user_agent.original"],
    "http_referer": ["http.request.referrer"], "referrer": ["http.request.referrer"],
    "http_version": ["http.version"], "httpversion": ["http.version"], "bytes": ["http.response.body.bytes"],
    "body_bytes_sent": ["http.response.body.bytes"], "request": ["url.original", "http.request.line"],
    "remote_user": ["user.name"], "auth": ["user.name"],
    "program": ["process.name", "log.syslog.appname", "observer.vendor"], "logsource": None, "message": ["message", "event.original"],
    "machine": ["host.name", "host.hostname"], "pid": ["process.pid"], "proto": ["network.transport", "network.protocol"],
    "target_fqdn": ["url.domain", "nginx.server"], "uid": ["user.id", "process.user.id"], "exe": ["process.executable"],
    "int_eth": ["observer.ingress.interface.name"], "length": ["network.bytes"], "loglevel": ["log.level"],
    "EventID": ["winlog.event_id", "event.code"], "Channel": ["winlog.channel"], "Computer": ["winlog.computer_name", "host.name"],
    "LogonType": ["winlog.event_data.LogonType"], "src_user": ["user.name"],
    "suricata_rule_severity": ["event.severity", "rule.severity", "suricata.eve.alert.severity"],
    "suricata_rule_id": ["rule.id"], "suricata_rule_name": ["rule.name"],
    "vhost": ["url.domain"], "tid": ["process.thread.id"], "sub_type": None,
}
MISSING = ("-", "", "?")  # CrowdSec keeps the log's word for "nothing"; here the field is absent


def assertions(path):
    """(stage, parser, event, group, key, value) for every comparison with a text."""
    pattern = re.compile(r'results\["(\S+?)"\]\["(\S+?)"\]\[(\d+)\]\.Evt\.(Parsed|Meta)(?:\["(\w+)"\]|\.(\w+)) == "(.*)"\)?$')
    for line in open(path, encoding="utf-8", errors="replace"):
        match = pattern.match(line.strip())
        if match:
            stage, parser, event, group, key, short, value = match.groups()
            try:
                value = json.loads('"' + value.replace("\\'", "'") + '"')
            except ValueError:
                value = value.encode().decode("unicode_escape", "replace")
            yield stage, parser.split("/")[-1], int(event), group, key or short, value
        times = re.match(r'results\["(\S+?)"\]\["(\S+?)"\]\[(\d+)\]\.Evt\.(StrTime|Enriched\["MarshaledTime"\]|MarshaledTime) == "(.*)"', line.strip())
        if times:
            yield times[1], times[2].split("/")[-1], int(times[3]), "Time", times[4], times[5]


def same(wanted, event, names):
    if wanted in MISSING:
        return all(name not in event for name in names) or any(str(event.get(n, "")) in MISSING for n in names)
    for name in names:
        value = event.get(name)
        for one in value if isinstance(value, list) else [value]:
            text = str(one)
            if text == wanted or text.lower() == wanted.lower() or text.strip() == wanted.strip():
                return True
            if name == "message" and one is not None and (wanted.endswith(text) or text.endswith(wanted) or text.startswith(wanted)):
                return True
    if "process.name" in names and os.path.basename(wanted).split("(")[0] == str(event.get("process.name")):
        return True
    return False


FORMS = ("%d/%b/%Y:%H:%M:%S %z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "%b %d %H:%M:%S",
         "%Y/%m/%d %H:%M:%S", "%a %b %d %H:%M:%S.%f %Y", "%a %b %d %H:%M:%S %Y", "%m/%d/%Y-%H:%M:%S.%f", "%H:%M:%S.%f", "%H:%M:%S")


def same_time(stamp, wanted):
    """To the second, in as many parts as the assertion names."""
    got = datetime.datetime.fromisoformat(stamp[:19]).replace(tzinfo=datetime.timezone.utc)
    if re.fullmatch(r"\d{9,10}(\.\d+)?", wanted):
        return int(float(wanted)) == int(got.timestamp())
    for form in FORMS:
        try:
            moment = datetime.datetime.strptime(re.sub(r"(\.\d{6})\d+", r"\1", wanted), form)
        except ValueError:
            continue
        if moment.tzinfo:
            return moment.astimezone(datetime.timezone.utc).replace(microsecond=0) == got
        moment, got = moment.replace(microsecond=0), got.replace(tzinfo=None)
        if "%d" not in form:
            return moment.time() == got.time()
        return moment.replace(year=2000) == got.replace(year=2000) if "%Y" not in form else moment == got
    return False


def parse(folder, log):
    done = subprocess.run([os.path.join(BUILD, "jinwu"), "parse", log], capture_output=True, cwd=folder,
                          env=dict(os.environ, JINWU_CONTENT=os.path.join(SOURCE, "content")), timeout=120)
    return [json.loads(line) for line in done.stdout.decode("utf-8", "replace").splitlines()]


def assign(events, asserted):
    """CrowdSec numbers the lines that a parser was shown; find the event that shares most with each of them."""
    best = {}
    taken = set()
    for number in sorted(asserted):
        facts = asserted[number]
        message = next((v for _, _, k, v in facts if k == "message"), None)
        scores = []
        for place, event in enumerate(events):
            if place in taken:
                continue
            score = 0
            if message is not None and (event.get("event.original", "").rstrip().endswith(message.rstrip()) or
                                        event.get("message", "").startswith(message.rstrip())):
                score += 50
            score += sum(1 for _, g, k, v in facts if FIELDS.get(k) and same(v, event, FIELDS[k]))
            scores.append((score, -place))
        if scores:
            score, place = max(scores)
            best[number] = events[-place]
            taken.add(-place)
    return best


def main():
    if not os.path.isdir(CORPUS):
        print("skip: no corpora at ../shared/corpora/logs/crowdsec")
        return 77
    verbose = sys.argv[1:]
    right, asked = collections.Counter(), collections.Counter()
    wrong = collections.defaultdict(list)
    left_out = set()
    for name in sorted(os.listdir(CORPUS)):
        folder = os.path.join(CORPUS, name)
        path = os.path.join(folder, "parser.assert")
        logs = [f for f in os.listdir(folder) if f.endswith(".log")] if os.path.isdir(folder) else []
        if not os.path.exists(path) or not logs:
            continue
        groups = collections.defaultdict(lambda: collections.defaultdict(list))
        for stage, parser, event, group, key, value in assertions(path):
            if parser in TYPES:
                groups[parser][event].append((stage, group, key, value))
            elif stage == "s01-parse":
                left_out.add(parser)
        if not groups:
            continue
        events = parse(folder, logs[0])
        for parser, asserted in groups.items():
            kind = TYPES[parser]
            for number, event in assign(events, asserted).items():
                for _, group, key, value in asserted[number]:
                    names = FIELDS.get(key)
                    if key == "program" and value.lower() not in event["event.original"].lower():
                        continue  # a label of CrowdSec's configuration; the line does not say it
                    if group == "Time" or key in ("timestamp", "time_local", "time"):
                        good = same_time(event["@timestamp"], value)
                    elif not names:
                        continue
                    else:
                        good = same(value, event, names)
                    asked[kind] += 1
                    right[kind] += good
                    if not good:
                        wrong[kind].append((name, number, key, value, [event.get(n) for n in names or []], event["event.original"][:160]))
    for kind in sorted(asked):
        print(f"{kind:16} asserted {asked[kind]:6}  right {right[kind]:6}  {100 * right[kind] / asked[kind]:6.2f} %")
    total, good = sum(asked.values()), sum(right.values())
    print(f"{'all':16} asserted {total:6}  right {good:6}  {100 * good / total:6.2f} %")
    print("without a parser here, only their envelopes are asked:", ", ".join(sorted(left_out)))
    for kind in wrong:
        if kind in verbose or "all" in verbose:
            for item in wrong[kind][:40]:
                print("  wrong", kind, *item, sep=" | ")
    return 0 if 100 * good / total >= GOAL and all(100 * right[k] / asked[k] >= GOAL for k in asked) else 1


if __name__ == "__main__":
    sys.exit(main())

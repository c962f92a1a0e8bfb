#!/usr/bin/env python3
"""All lines of loghub's OpenSSH and Linux logs (../shared/corpora/logs/loghub) against the structured CSV beside them:
time, host, process, pid; and from the event's template and content its meaning: user, source address, port, outcome.
Goal: every field of every line."""
import collections, csv, datetime, ipaddress, json, os, re, subprocess, sys

SOURCE = os.environ.get("JW_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
BUILD = os.environ.get("JW_BUILD", os.path.join(SOURCE, "build"))
CORPUS = os.path.join(SOURCE, "..", "shared", "corpora", "logs", "loghub")

# What a content means, said independently of the parsers: pattern -> names of its groups, and the outcome.
MEANING = [
    (r"Accepted \S+ for (?P<user>\S+) from (?P<ip>\S+) port (?P<port>\d+) ssh2", "success"),
    (r"Failed \S+ for (?:invalid user )?(?P<user>\S*) from (?P<ip>\S+) port (?P<port>\d+) ssh2", "failure"),
    (r"message repeated \d+ times: \[ Failed \S+ for (?P<user>\S+) from (?P<ip>\S+) port (?P<port>\d+) ssh2\]", "failure"),
    (r"Invalid user (?P<user>\S*) from (?P<ip>\S+)", "failure"),
    (r"input_userauth_request: invalid user (?P<user>\S*) \[preauth\]", "failure"),
    (r"(?:pam_unix\(sshd:auth\): |PAM \d+ more |)authentication failures?; .*rhost=(?P<ip>\S*) *(?:user=(?P<user>\S+))?", "failure"),
    (r"(?:pam_unix\(sshd:auth\): )?check pass; user unknown", "failure"),
    (r"(?:pam_unix\(\S+\): )?session opened for user (?P<user>\S+) by .*", "success"),
    (r"(?:pam_unix\(\S+\): )?session closed for user (?P<user>\S+)", "success"),
    (r"Connection closed by (?P<ip>\S+)(?: \[preauth\])?", None),
    (r"(?:error: )?Received disconnect from (?P<ip>[\d.]+): .*", None),
    (r"reverse mapping checking getaddrinfo for \S+ \[(?P<ip>[\d.]+)\] failed.*", None),
    (r"Did not receive identification string from (?P<ip>\S+)", "failure"),
    (r"Disconnecting: Too many authentication failures for (?P<user>\S+) \[preauth\]", "failure"),
    (r"connection from (?P<ip>\S+) \(.*\) at .*", None),
    (r"ANONYMOUS FTP LOGIN FROM (?P<ip>[^,]+),.*", "success"),
    (r"Authentication failed from (?P<ip>\S+) .*", "failure"),
    (r"(?:Kerberos authentication failed|Couldn't authenticate user)", "failure"),
    (r"ROOT LOGIN ON \S+", "success"),
]


def expected(content):
    for pattern, outcome in MEANING:
        match = re.fullmatch(pattern, content.strip())
        if match:
            return match.groupdict(), outcome
    return {}, None


def check(event, row, kind):
    """(what, right) for each thing the CSV says."""
    date = "Day" if kind == "OpenSSH" else "Date"
    month = row["Date"] if kind == "OpenSSH" else row["Month"]
    clock = datetime.datetime.strptime(f"2024 {month} {row[date]} {row['Time']}", "%Y %b %d %H:%M:%S")
    stamp = datetime.datetime.fromisoformat(event["@timestamp"][:19])
    yield "time", stamp.replace(year=2024) == clock
    host = row["Component"] if kind == "OpenSSH" else row["Level"]
    yield "host", event.get("host.name") == host
    component = "sshd" if kind == "OpenSSH" else row["Component"]
    # "su(pam_unix)" is process su with PAM's module, "syslogd 1.4.1" process syslogd, "-- root" a broken name
    yield "process", event.get("process.name") in (component, component.split("(")[0], component.split(" ")[0], component.strip("- "))
    pid = row["Pid"] if kind == "OpenSSH" else row["PID"]
    yield "pid", str(event.get("process.pid", "")) == str(pid or "").split(".")[0]
    fields, outcome = expected(row["Content"])
    for what, names in (("user", ("user.name",)), ("ip", ("source.ip", "source.address")), ("port", ("source.port",))):
        value = fields.get(what)
        if value:
            if what == "ip":
                try:
                    ipaddress.ip_address(value)
                    names = ("source.ip",)
                except ValueError:
                    names = ("source.address", "source.domain")
            yield what, any(str(event.get(name)) == value for name in names)
    if outcome:
        yield "outcome", event.get("event.outcome") == outcome


def main():
    if not os.path.isdir(CORPUS):
        print("skip: no corpora at ../shared/corpora/logs/loghub")
        return 77
    failed = False
    for kind in ("OpenSSH", "Linux"):
        log = os.path.join(CORPUS, kind, f"{kind}_2k.log")
        done = subprocess.run([os.path.join(BUILD, "jinwu"), "parse", log], capture_output=True, timeout=120,
                              env=dict(os.environ, JINWU_CONTENT=os.path.join(SOURCE, "content")))
        events = [json.loads(line) for line in done.stdout.decode("utf-8", "replace").splitlines()]
        rows = list(csv.DictReader(open(log + "_structured.csv", encoding="utf-8", errors="replace")))
        right, asked = collections.Counter(), collections.Counter()
        parsers = collections.Counter(event.get("gov.parser") for event in events)
        for event, row in zip(events, rows):
            for what, good in check(event, row, kind):
                asked[what] += 1
                right[what] += good
                if not good:
                    print(f"  wrong {what}: line {row['LineId']}: {event['event.original'][:140]}")
        print(f"{kind}: {len(events)} of {len(rows)} lines; " + ", ".join(f"{w} {right[w]}/{asked[w]}" for w in asked) +
              "; parsers " + ", ".join(f"{p} {n}" for p, n in parsers.most_common()))
        failed |= len(events) != len(rows) or any(right[w] != asked[w] for w in asked)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Nothing acknowledged is lost and nothing is there twice: each daemon is killed with SIGKILL at random moments while
several senders are at work, then every acknowledged event is looked for.

Each identity is sent once. A sender that gets no answer gives the identity up and goes on with the next, except for
`jinwu send`, which promises to end with every line kept once. So: acknowledged means found exactly once, and nothing
at all is found twice; the event numbers are 1, 2, 3 … without a gap, and the lake has as many events as the spool.

    crash_test.py [--kills N] [--seed N]     50 kills and a seed of today, which is printed, if nothing is given
"""

import argparse
import base64
import collections
import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time

from scenario import BUILD, Platform, case, wait_for

DAEMONS = ["jw-collect", "jw-loader", "jw-detect", "jw-lake", "jw-api"]
BLOCK = 1000  # identities that one search finds
IDENTITY = re.compile(r"crashid ([a-z]+)-(\d{8})")


class Sender(threading.Thread):
    """`send_some` sends events with new identities and gives back those that were acknowledged."""

    name = "?"

    def __init__(self, jinwu):
        super().__init__(daemon=True)
        self.jinwu, self.next, self.acked, self.failures = jinwu, 0, set(), 0
        self.ending = threading.Event()
        self.why = None

    def identity(self):
        self.next += 1
        return self.next

    def line(self, number):
        """The block is one word, so that a search for it finds BLOCK identities and no others."""
        return f"crashid {self.name}-{number:08d} crashblock{self.name}{number // BLOCK:06d} user=root src=10.1.2.3"

    def run(self):
        while not self.ending.is_set():
            try:
                self.acked.update(self.send_some())
            except (OSError, http.client.HTTPException, ValueError, EOFError) as why:
                self.failures += 1  # the peer died: what was not answered is nobody's
                self.why = why
                time.sleep(0.05)


class Relp(Sender):
    name = "relp"

    def frame(self, number, command, data):
        data = data.encode()
        return b"%d %s %d %s\n" % (number, command, len(data), data)

    def send_some(self):
        acked, waiting, got = set(), {}, b""
        with socket.create_connection(("127.0.0.1", self.jinwu.port["relp"]), timeout=10) as link:
            link.sendall(self.frame(1, b"open", "relp_version=0\nrelp_software=crash\ncommands=syslog"))
            transaction = 1
            try:
                while not self.ending.is_set() or waiting:
                    while len(waiting) < 60 and not self.ending.is_set():
                        transaction += 1
                        waiting[transaction] = self.identity()
                        text = "<13>Aug  1 10:00:00 host crash: " + self.line(waiting[transaction])
                        link.sendall(self.frame(transaction, b"syslog", text))
                    more = link.recv(65536)
                    if not more:
                        raise EOFError("closed")
                    got += more
                    while b"\n" in got:
                        match = re.match(rb"(\d+) rsp (\d+)(?: |\n|$)", got)
                        if not match or len(got) < match.end() + int(match[2]) + 1:
                            break
                        if got[match.end():].startswith(b"200") and int(match[1]) in waiting:
                            acked.add(waiting.pop(int(match[1])))
                        got = got[match.end() + int(match[2]) + 1:]
                    time.sleep(0.01)
            except (OSError, EOFError) as why:
                self.failures += 1
                self.why = why
        return acked


class Bulk(Sender):
    name = "bulk"

    def send_some(self):
        numbers = [self.identity() for _ in range(100)]
        lines = []
        for number in numbers:
            lines += ['{"create":{"_index":"crash"}}', json.dumps({"message": self.line(number)})]
        token = base64.b64encode(":".join(self.jinwu.key_for_bulk).encode()).decode()
        status, body = self.jinwu.request("POST", "/_bulk", "\n".join(lines) + "\n", timeout=10, headers={
            "Authorization": "ApiKey " + token, "Content-Type": "application/x-ndjson"})
        if status != 200:
            raise ValueError(f"_bulk: {status} {body[:200]}")
        items = json.loads(body)["items"]
        return {number for number, item in zip(numbers, items) if item["create"]["status"] in (200, 201)}


class Send(Sender):
    name = "send"

    def send_some(self):
        numbers = [self.identity() for _ in range(2000)]
        path = os.path.join(self.jinwu.folder, f"send{numbers[0]}.log")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(self.line(number) + "\n" for number in numbers)
        done = self.jinwu.command("send", "--source", "crash", path, timeout=120)
        os.unlink(path)
        if done.returncode != 0:
            raise ValueError(f"send: {done.returncode} {done.stderr[-300:]}")
        self.ending.wait(0.3)  # enough is enough: every event is looked for afterwards
        return set(numbers)


def start_senders(jinwu):
    made = jinwu.command("keys", "add", "crash", "--json")
    senders = [Relp(jinwu), Send(jinwu)]
    if made.returncode == 0:
        key = json.loads(made.stdout.splitlines()[0])
        jinwu.key_for_bulk = (key["id"], key["secret"])
        senders.append(Bulk(jinwu))
    for sender in senders:
        sender.start()
    return senders


def kill_at_random(jinwu, kills, chance):
    """Every daemon in turn, in an order and at moments of chance; jw-collect, which holds what was acknowledged last,
    more often. One that is down just now is left out: its turn comes again."""
    deaths = collections.Counter()
    end = time.monotonic() + 60 + 6 * kills  # up waits longer after each death, at most 5 s
    turns = []
    while sum(deaths.values()) < kills and time.monotonic() < end:
        time.sleep(chance.uniform(0.05, 1.0))
        if not turns:
            turns = DAEMONS + ["jw-collect"] * 2
            chance.shuffle(turns)
        victim = turns.pop()
        if jinwu.kill(victim):
            deaths[victim] += 1
    assert sum(deaths.values()) == kills, deaths
    return deaths


def found_in_spool(jinwu):
    """Identity -> how often; and the numbers of the events, which must be 1, 2, 3 and so on."""
    dump = subprocess.run([os.path.join(BUILD, "tests/spool_dump"), os.path.join(jinwu.data, "spool/events")],
                          capture_output=True, text=True, errors="replace", timeout=300)
    assert dump.returncode == 0, dump.stderr
    found, numbers = collections.Counter(), []
    for line in dump.stdout.splitlines():
        event = json.loads(line)
        numbers.append(event["number"])
        names = set(IDENTITY.findall(line))
        if len(names) == 1:
            name, number = names.pop()
            found[name, int(number)] += 1
    first = numbers[0] if numbers else 1
    assert numbers == list(range(first, first + len(numbers))), "event numbers have gaps or repeat"
    return found


def found_by_search(jinwu, senders):
    found = collections.Counter()
    for sender in senders:
        for block in range(sender.next // BLOCK + 1):
            answer = jinwu.get("/api/v1/search", q=f"crashblock{sender.name}{block:06d}", limit="10000",
                               fields="event.original,message")
            assert not answer.get("cursor"), "a block is on more than one page"
            for event in answer["events"]:
                names = set(IDENTITY.findall(json.dumps(event)))
                if len(names) == 1:
                    name, number = names.pop()
                    found[name, int(number)] += 1
    return found


def compare(senders, found, where):
    for sender in senders:
        lost = [n for n in sorted(sender.acked) if not found[sender.name, n]]
        assert not lost, f"{where}: {len(lost)} acknowledged by {sender.name} are lost, the first {lost[:5]}"
    twice = [key for key, times in found.items() if times > 1]
    assert not twice, f"{where}: {len(twice)} are there more than once, the first {twice[:5]}"


def search_finds_it(jinwu, senders, in_spool):
    want = sum(in_spool.values())
    wait_for(lambda: jinwu.count("crashid") >= want, 60, 0.5)
    total = jinwu.count("crashid")
    found = found_by_search(jinwu, senders)
    compare(senders, found, "search")
    assert total == want and found == in_spool, f"{want} in the spool, {total} in the lake, {len(found)} found"


def check_acks(senders):
    silent = [sender.name for sender in senders if not sender.acked]
    assert not silent, f"nothing was acknowledged to {silent}"


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--kills", type=int, default=50)
    words.add_argument("--seed", type=int, default=int(time.time()) // 86400)
    words = words.parse_args()
    for name in DAEMONS:
        if not os.access(os.path.join(BUILD, "daemons", name[3:], name), os.X_OK):
            print(f"skip crash: {name} is not part of this build")
            return 0
    with Platform() as jinwu:
        senders = start_senders(jinwu)
        began = time.monotonic()
        deaths = kill_at_random(jinwu, words.kills, random.Random(words.seed))
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join(150)
            print(f"  {sender.name}: {sender.next} sent, {len(sender.acked)} acknowledged, {sender.failures} failures"
                  f" ({sender.why})")
        print(f"  seed {words.seed}, killed in {time.monotonic() - began:.0f} s:",
              ", ".join(f"{name} {count}" for name, count in sorted(deaths.items())))
        good = case("crash: each sender got acknowledgements", lambda: check_acks(senders))
        in_spool = collections.Counter()
        good &= case(f"crash: after {words.kills} deaths the spool has what was acknowledged, once",
                     lambda: (in_spool.update(found_in_spool(jinwu)), compare(senders, in_spool, "spool")))
        good &= case(f"crash: after {words.kills} deaths search finds what was acknowledged, once",
                     lambda: search_finds_it(jinwu, senders, in_spool))
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

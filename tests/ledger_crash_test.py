"""Nothing of a ledger that was acknowledged is lost and nothing is there by half: writers and imports are killed with
SIGKILL at random moments, and so is the PostgreSQL they write to when JW_TEST_DB names one. And a chain that somebody
rewrote whole, so that it is right in itself, does not lead to the head that was published before.

    ledger_crash_test.py [SEED]    a seed of today, which is printed, if none is given
"""

import collections
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from scenario import BUILD, case

SERVER = os.environ.get("JW_TEST_DB")
KILLS, MANY, ROWS = 12, 40, 3000
THING = """title: 物件
list: [name, size]
fields:
  name: {title: 名称, type: text, required: true}
  size: {title: 大小, type: number}
rights:
  - {role: operator, may: [read, create, import]}
"""


class Place:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="jwl.", dir="/tmp")
        os.makedirs(self.folder + "/content/ledgers")
        os.makedirs(self.folder + "/data/ledger", mode=0o700)
        with open(self.folder + "/content/ledgers/thing.yaml", "w", encoding="utf-8") as file:
            file.write(THING)
        self.db = SERVER or self.folder + "/data/ledger/ledger.db"
        self.acked = collections.Counter()
        self.round = 0

    def ledger(self, *words, **more):
        return subprocess.run([BUILD + "/jinwu", "ledger", *words, "--data", self.folder + "/data", "--content",
                               self.folder + "/content", "--db", self.db], capture_output=True, **more)

    def rows(self, question):
        """Of the database itself, by a way that is not ours."""
        if SERVER:
            out = subprocess.run(["psql", SERVER, "-qAt", "-F", "\t", "-c", question], capture_output=True, check=True)
            return [line.split("\t") for line in out.stdout.decode().splitlines()]
        with sqlite3.connect(self.db) as link:
            return [[str(value) for value in row] for row in link.execute(question)]

    def write_until(self, kill):
        """One life of the writer; what it said before it died."""
        self.round += 1
        writer = subprocess.Popen([BUILD + "/tests/ledger_writer", self.db, self.folder + "/content/ledgers",
                                   f"r{self.round}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(writer.stdout.read().splitlines()), daemon=True)
        reader.start()
        kill(writer)
        writer.wait(60)
        reader.join(30)
        self.acked.update(line.decode() for line in lines if line and line != b"ready")
        return len(lines)

    def check(self):
        there = collections.Counter()
        versions = {}
        for name, version in self.rows("SELECT f_name, version FROM l_thing WHERE f_name LIKE 'r%'"):
            there[name] += 1
            versions[name] = int(version)
        for line in self.acked:
            what, name, *more = line.split()
            assert there[name] == (MANY if what == "many" else 1), f"{line}: {there[name]} are there"
            assert what != "change" or versions[name] >= int(more[0]), f"{line}: is at {versions[name]}"
        for name, count in there.items():
            number = int(name.split("-")[1])
            assert count == (MANY if number % 10 == 9 else 1), f"{name} is there {count} times"
        acknowledged = sum({"one": 1, "many": MANY}.get(line.split()[0], 0) for line in self.acked)
        assert acknowledged <= sum(there.values()) <= acknowledged + self.round * 16 * MANY
        done = self.ledger("verify")
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return acknowledged


def killed_writers(place, dice):
    def kill(writer):
        time.sleep(dice.uniform(0.3, 1.5))
        writer.kill()

    while place.round < KILLS or sum(place.acked.values()) < 1000:
        place.write_until(kill)
        assert place.round < 10 * KILLS, "the writer never gets anywhere"
    print(f"  {place.round} kills, {place.check()} records acknowledged")


def killed_server(place, dice):
    """SIGKILL to the process that serves the writer: PostgreSQL takes all of itself down and recovers."""
    def kill(writer):
        time.sleep(dice.uniform(0.5, 1.5))
        pids = place.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'jinwu'")
        for pid in pids[:1]:
            os.kill(int(pid[0]), signal.SIGKILL)
        time.sleep(0.3)
        writer.kill()

    for _ in range(4):
        place.write_until(kill)
        for _ in range(100):
            if subprocess.run(["psql", SERVER, "-qc", "SELECT 1"], capture_output=True).returncode == 0:
                break
            time.sleep(0.2)
    print(f"  {place.check()} records acknowledged")


def killed_imports(place, dice):
    path = place.folder + "/rows.csv"
    whole, takes = 0, 0
    for attempt in range(6):
        name = f"import{attempt}-9"
        with open(path, "w", encoding="utf-8") as file:
            file.write("名称,大小\n" + "".join(f"{name},{i}\n" for i in range(ROWS)))
        run = subprocess.Popen([BUILD + "/jinwu", "ledger", "import", "thing", path, "--data", place.folder + "/data",
                                "--content", place.folder + "/content", "--db", place.db],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        start = time.monotonic()
        if attempt:
            time.sleep(dice.uniform(0.3, 1.0) * takes)
            run.kill()
        told = run.communicate(timeout=120)[1].decode()
        takes = takes or time.monotonic() - start
        assert attempt or run.returncode == 0, told
        count = int(place.rows(f"SELECT count(*) FROM l_thing WHERE f_name = '{name}'")[0][0])
        assert count in (0, ROWS), f"{count} of {ROWS} rows of an import are there"
        assert run.returncode != 0 or count == ROWS, "an import that was acknowledged is not there"
        whole += count == ROWS
    done = place.ledger("verify")
    assert done.returncode == 0, done.stdout.decode()
    print(f"  {whole} of 6 imports were done before they were killed")


def net(text):
    return f"{len(text.encode())}:{text},"


def sm3(text):
    return hashlib.new("sm3", text.encode()).hexdigest()


def rewritten_chain(place):
    """Somebody who rules the database changes what an entry tells of, and makes every later hash right again."""
    key = place.folder + "/head.key"
    assert place.ledger("head", "--new-key", key).returncode == 0
    assert os.stat(key).st_mode & 0o777 == 0o600
    published = place.ledger("head", "--sign", key).stdout
    path = place.folder + "/head.json"
    with open(path, "wb") as file:
        file.write(published)
    check = ("verify", "--head", path, "--public-key", key + ".pub")
    assert place.ledger(*check).returncode == 0
    place.ledger("put", "thing", input=b'{"name": "later-1"}')
    assert place.ledger(*check).returncode == 0, "the chain has only grown"
    with sqlite3.connect(place.db) as link:
        previous = "0" * 64
        for row in link.execute("SELECT seq, at, who, origin, action, object, detail FROM audit ORDER BY seq").fetchall():
            row = list(row)
            if row[0] == 3:
                row[2] = "somebody else"
                record = row[5].split("/")
                link.execute("UPDATE history SET who = ? WHERE ledger = ? AND record = ? AND version = ?",
                             [row[2], record[0], int(record[1]), json.loads(row[6])["version"]])
            hashed = sm3("".join(net(str(word)) for word in row) + net(previous))
            link.execute("UPDATE audit SET who = ?, previous = ?, hash = ? WHERE seq = ?",
                         [row[2], previous, hashed, row[0]])
            previous = hashed
        link.execute("UPDATE audit_head SET hash = ?", [previous])
    assert place.ledger("verify").returncode == 0, "it is right in itself"
    done = place.ledger(*check)
    assert done.returncode == 1 and b"whose hash was published" in done.stdout, done.stdout + done.stderr
    with open(path, "wb") as file:  # a head that is made up to fit
        file.write(published.replace(json.loads(published)["hash"].encode(), previous.encode()))
    done = place.ledger(*check)
    assert done.returncode == 1 and b"not signed with the key" in done.stderr, done.stderr


def main():
    seed = sys.argv[1] if len(sys.argv) > 1 else time.strftime("%Y%m%d")
    print(f"seed {seed}")
    dice, place, good = random.Random(seed), Place(), True
    if SERVER:
        subprocess.run(["psql", SERVER, "-qc", "DROP SCHEMA public CASCADE; CREATE SCHEMA public"], check=True)
    try:
        good = case("acknowledged_writes_survive_kills_and_none_is_there_by_half", lambda: killed_writers(place, dice))
        good = case("an_import_is_there_whole_or_not_at_all", lambda: killed_imports(place, dice)) and good
        if SERVER:
            good = case("they_survive_a_killed_database_server", lambda: killed_server(place, dice)) and good
        else:
            good = case("a_chain_rewritten_whole_is_found_by_the_published_head",
                        lambda: rewritten_chain(place)) and good
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)
    sys.exit(not good)


main()

"""The ledgers decide whose an event is, and a change of them is in force within two seconds: a real jw-collect, records
changed by `jinwu ledger`, syslog messages. With JW_TEST_DB the ledgers lie in that PostgreSQL, else in SQLite."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]
from scenario import BUILD, SOURCE, case, free_port, wait_for  # noqa: E402

SERVER = os.environ.get("JW_TEST_DB")


class Collector:
    """jw-collect with an empty spool and an address plan in files; the ledgers in `self.db`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="jwa.", dir="/tmp")
        self.data = self.folder + "/data"
        self.port = free_port()
        self.db = SERVER or self.data + "/ledger/ledger.db"
        self.process, self.sent = None, 0
        os.makedirs(self.data + "/plan")
        with open(self.data + "/plan/plan.yaml", "w", encoding="utf-8") as file:
            file.write("networks:\n  - {network: 10.0.0.0/8, unit: 文件里的单位, owner: 值班室, plane: 政务外网}\n"
                       "  - {network: 10.9.9.0/24, unit: 文件里的小网段}\n")

    def __enter__(self):
        if SERVER:
            subprocess.run(["psql", SERVER, "-qc", "DROP SCHEMA public CASCADE; CREATE SCHEMA public"], check=True)
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        ready, tell = os.pipe()
        self.log = open(self.folder + "/log", "ab")
        self.process = subprocess.Popen(
            [BUILD + "/daemons/collect/jw-collect", "--data=" + self.data, "--content=" + SOURCE + "/content",
             f"--syslog-tcp=127.0.0.1:{self.port}", "--db=" + self.db],
            pass_fds=[tell], stderr=self.log, env=dict(os.environ, JW_READY_FD=str(tell),
                                                       ASAN_OPTIONS="detect_leaks=0:abort_on_error=1"))
        os.close(tell)
        assert os.read(ready, 1), open(self.folder + "/log", encoding="utf-8").read()
        os.close(ready)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(20) == 0, open(self.folder + "/log", encoding="utf-8").read()[-3000:]
        self.process = None

    def ledger(self, *words, fields=None):
        """`jinwu ledger`; the record that it prints."""
        done = subprocess.run([BUILD + "/jinwu", "ledger", *words, "--data", self.data, "--content", SOURCE + "/content",
                               "--json", *(["--db", SERVER] if SERVER else [])],
                              capture_output=True, input=json.dumps(fields or {}).encode())
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout.splitlines()[0])

    def put(self, ledger, fields, number=None):
        return self.ledger("put", ledger, *([str(number)] if number else []), fields=fields)["id"]

    def event(self, sender="10.1.2.3"):
        """The newest event after one more message from `sender` has been kept."""
        self.sent += 1
        mark = f"message {self.sent} of the test"
        with socket.create_connection(("127.0.0.1", self.port), 10) as link:
            link.sendall(f"<13>1 2026-08-31T09:30:00+08:00 {sender} app - - - {mark}\n".encode())

        def kept():
            out = subprocess.run([BUILD + "/tests/spool_dump", self.data + "/spool/events"], capture_output=True)
            return next((e for e in map(json.loads, out.stdout.splitlines()) if mark in json.dumps(e)), None)
        return wait_for(kept, 20)

    def stat(self, name):
        table = open(self.data + "/run/jw-collect.stats", "rb").read()
        for at in range(16, 16 + struct.unpack_from("<Q", table, 8)[0] * 200, 200):
            if table[at:at + 64].split(b"\0")[0].decode() == name:
                return struct.unpack_from("<Q", table, at + 192)[0]
        return None

    def comes(self, name, value, sender="10.1.2.3", seconds=2.0):
        """An event sent this long after the change carries the value; sooner is better."""
        time.sleep(seconds)
        event = self.event(sender)
        assert event.get(name) == value, f"{name} is {event.get(name)}, not {value}: {event}"


def changes(jinwu):
    unit = jinwu.put("organisation", {"name": "仁化县财政局", "level": "county_unit"})
    other = jinwu.put("organisation", {"name": "仁化县教育局", "level": "county_unit"})
    person = jinwu.put("person", {"name": "李工", "unit": unit, "mobile": "13800138000"})
    jinwu.start()
    assert jinwu.event()["gov.unit"] == "文件里的单位"

    def a_new_asset_is_known_within_two_seconds():
        server = {"name": "预算一体化", "ip": "10.1.2.3", "unit": unit, "owner": person, "hostname": "Web-01"}
        jinwu.server = jinwu.put("server", server)
        jinwu.comes("gov.unit", "仁化县财政局")
        event = jinwu.event()
        assert event["gov.asset"] == "预算一体化" and event["gov.owner"] == "李工"
        assert event["gov.plane"] == "政务外网", "what the ledgers leave open comes from the plan"
        assert "13800138000" not in json.dumps(event), "a sensitive field must not show in events"

    def it_is_found_by_its_host_name():
        assert jinwu.event("web-01.gov.example")["gov.asset"] == "预算一体化"

    def a_changed_owner_unit_or_name_is_in_force_within_two_seconds():
        jinwu.put("server", {"unit": other}, jinwu.server)
        jinwu.comes("gov.unit", "仁化县教育局")
        jinwu.put("organisation", {"name": "仁化县教育和科技局"}, other)
        jinwu.comes("gov.unit", "仁化县教育和科技局")
        jinwu.put("person", {"name": "王工"}, person)
        jinwu.comes("gov.owner", "王工")

    def a_moved_address_leaves_the_old_one():
        jinwu.put("server", {"ip": "10.1.2.4"}, jinwu.server)
        jinwu.comes("gov.asset", "预算一体化", "10.1.2.4")
        assert "gov.asset" not in jinwu.event()

    def the_narrower_network_wins_over_ledgers_and_files():
        jinwu.put("address_plan", {"name": "县政务网", "network": "10.1.0.0/16", "unit": unit, "plane": "public"})
        jinwu.comes("gov.unit", "仁化县财政局")
        assert jinwu.event()["gov.plane"] == "公共业务"
        jinwu.put("address_plan", {"name": "大网", "network": "10.0.0.0/8", "unit": other, "plane": "dedicated"})
        jinwu.comes("gov.unit", "仁化县教育和科技局", "10.200.0.1")
        assert jinwu.event("10.9.9.9")["gov.unit"] == "文件里的小网段"

    def what_is_retired_or_removed_is_nobodys_asset():
        jinwu.put("server", {"state_of_life": "retired"}, jinwu.server)
        time.sleep(2)
        assert "gov.asset" not in jinwu.event("10.1.2.4")
        jinwu.put("server", {"state_of_life": "in_service"}, jinwu.server)
        jinwu.comes("gov.asset", "预算一体化", "10.1.2.4")
        jinwu.ledger("remove", "server", str(jinwu.server))
        time.sleep(2)
        assert "gov.asset" not in jinwu.event("10.1.2.4")

    def after_a_start_the_first_event_is_attributed():
        jinwu.stop()
        jinwu.start()
        assert jinwu.event()["gov.unit"] == "仁化县财政局"

    return [value for value in locals().values() if callable(value)]


def the_database_goes_away_and_comes_back(jinwu):
    """Only SQLite: its file is renamed as a restore does. What was known stays, the gap is counted and told."""
    os.rename(jinwu.db, jinwu.db + ".away")
    wait_for(lambda: jinwu.stat("ledger_away") == 1, 10)
    assert jinwu.event()["gov.unit"] == "仁化县财政局" and jinwu.stat("ledger_failures_total") > 0
    os.rename(jinwu.db + ".away", jinwu.db)
    wait_for(lambda: jinwu.stat("ledger_away") == 0, 10)
    for part in ("", "-wal", "-shm"):  # another, older database in its place
        if os.path.exists(jinwu.db + part):
            os.rename(jinwu.db + part, jinwu.db + part + ".before")
    jinwu.put("organisation", {"name": "另一个库里的单位", "level": "town"})
    jinwu.put("address_plan", {"name": "网", "network": "10.1.0.0/16", "unit": 1, "plane": "public"})
    jinwu.comes("gov.unit", "另一个库里的单位")


def main():
    good = True
    with Collector() as jinwu:
        for run in changes(jinwu):
            good = case(run.__name__, run) and good
        if not SERVER:
            good = case("the_database_goes_away_and_comes_back",
                        lambda: the_database_goes_away_and_comes_back(jinwu)) and good
    sys.exit(not good)


main()

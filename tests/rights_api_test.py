"""Every role against every ledger, field and record of the bundled content through HTTP, as an attacker would: what the
files do not allow must be refused and logged, and nothing of it may show. Who may do what comes from `jinwu rights
matrix`, read once more by tests/rights_world.py."""

import concurrent.futures
import functools
import json
import os
import re
import subprocess
import sys
import time
from types import SimpleNamespace

import rights_attacks
from rights_people import Api, Person, same
from rights_world import Holder, Record, World
from scenario import BUILD, case

THREADS = 6


def each_person(run):
    """`run(person)` for everybody, several at a time; the first failures are told."""
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        faults = [f"{person.holder.name}: {why}"
                  for person, why in zip(people, pool.map(attempt(run), people)) if why]
    assert not faults, f"{len(faults)} roles\n    " + "\n    ".join(faults[:6])


def attempt(run):
    def caught(person):
        try:
            run(person)
        except AssertionError as why:
            return str(why)[:700]
        return None
    return caught


# --- the city --------------------------------------------------------------------------------------------------------
def make(person, ledger, unit, place, owner, other=None):
    """A record full of its own mark; `place` of its unit."""
    mark = f"zq{len(marks)}q"
    fields = world.values(ledger, unit, owner, mark, other)
    made = person.ask("POST", f"/ledgers/{ledger}", {"fields": fields}, 201)
    whose = next((name for name, field in world.fields[ledger].items() if field["owner"]), None)
    if ledger == "organisation":
        place = f"{place}{made['id']}."
    record = Record(ledger, made["id"], place, fields.get(whose), fields)
    world.records[ledger][record.id] = marks[mark] = record
    return record


def build_city():
    city = make(admin, "organisation", None, "", None)
    places["city"] = city
    for county in ("A", "B"):
        places[county] = make(admin, "organisation", city.id, city.place, None)
        places[county + "1"] = make(admin, "organisation", places[county].id, places[county].place, None)
    hand = sign_up("seeding", ["head_of_operations"], None)
    for unit in ("A1", "B1"):
        owners[unit] = make(hand, "person", places[unit].id, places[unit].place, None)
    for unit in ("A1", "B1"):
        first = {}
        for ledger in world.order():
            if ledger not in ("organisation", "person"):
                made = make(hand, ledger, places[unit].id, places[unit].place, owners[unit].id, first.get)
                first[ledger] = made.id


def sign_up(name, roles, person):
    made = admin.ask("POST", "/accounts", {"name": name, "person": person} if person else {"name": name}, 201)
    for role in roles:
        grantor.ask("POST", f"/accounts/{name}/grants", {"role": role}, 200)
    one = Person(api, name, made["password"])
    one.holder = Holder(name, tuple((role, "") for role in roles), person, places["A1"].place if person else "")
    return one


def grant_again(at):
    """The roles of everybody, everywhere (None) or at one unit."""
    for person in people:
        for role, _ in person.holder.roles:
            old = f"?unit={granted_at.id}" if granted_at else ""
            grantor.ask("POST", f"/accounts/{person.holder.name}/grants",
                        {"role": role, "unit": at.id} if at else {"role": role}, 200)
            grantor.ask("DELETE", f"/accounts/{person.holder.name}/grants/{role}{old}", None, 200)
        roles = tuple((role, at.place if at else "") for role, _ in person.holder.roles)
        person.holder = person.holder._replace(roles=roles)
    time.sleep(1.5)  # what was found of an account is at most a second old
    return at


# --- reading ---------------------------------------------------------------------------------------------------------
def look_for_leaks(holder, raw, what):
    text = raw.decode()
    for mark in set(re.findall(r"zq\d+q", text)):
        record = marks[mark]
        assert world.of(holder, "read", record), f"{what} shows {record.ledger}/{record.id}"
    for record, field, value in hidden:
        assert value not in text or world.plain(holder, record, field), f"{what} shows {record.ledger}.{field} unmasked"


def check_fields(holder, record, shown):
    declared = world.fields[record.ledger]
    want = {name for name in declared if world.of(holder, "read", record, name)}
    same(set(shown["fields"]), want, f"fields of {record.ledger}/{record.id}")
    assert "place" not in shown
    for name in want & set(record.fields):
        value, plain = record.fields[name], world.plain(holder, record, name)
        if declared[name]["type"] not in ("decimal", "geo"):
            same(shown["fields"][name] == value, plain, f"{record.ledger}.{name}")


def read_ledger(person, ledger):
    holder, at = person.holder, f"/ledgers/{ledger}"
    want = {id for id, record in world.records[ledger].items() if world.of(holder, "read", record)}
    there = any(world.may(holder, act, ledger, None, None) for act in ("read", "create"))
    status, raw = person.send("GET", at + "?fields=*&count=1&limit=1000&unmask=1")
    same(status, 200 if there else 404, at)
    if there:
        page = json.loads(raw)
        same({record["id"] for record in page["records"]}, want, f"list of {ledger}")
        same(page["total"], len(want), f"number of {ledger}")
        for shown in page["records"]:
            check_fields(holder, world.records[ledger][shown["id"]], shown)
        look_for_leaks(holder, raw, at)
        same(person.ask("GET", at + "/aggregate?figures=count", None, 200)["groups"][0]["count"] if want else 0,
             len(want), f"count of {ledger}")
    else:
        same(raw, person.send("GET", "/ledgers/nosuch")[1], "of a ledger one may know nothing of")
    same(person.send("GET", at + "/declaration")[0], 200 if there else 404, at + "/declaration")
    nothing = person.send("GET", at + "/987654321")
    same(nothing[0], 404)
    for id, record in world.records[ledger].items():
        for path in (f"{at}/{id}?unmask=1", f"{at}/{id}/history?unmask=1"):
            status, raw = person.send("GET", path)
            if id not in want:
                same((status, raw), nothing, path)
            else:
                same(status, 200, path)
                look_for_leaks(holder, raw, path)
                if "history" not in path:
                    check_fields(holder, record, json.loads(raw))


def every_role_reads_what_the_files_say_and_nothing_else():
    def run(person):
        known = {line["name"] for line in person.ask("GET", "/ledgers", None, 200)["ledgers"]}
        same(known, {name for name in world.fields if any(world.may(person.holder, act, name, None, None)
                                                          for act in ("read", "create"))}, "the ledgers there are")
        for ledger in world.fields:
            read_ledger(person, ledger)
    each_person(run)


def a_role_granted_at_a_unit_reads_there_and_nowhere_else():
    global granted_at
    granted_at = grant_again(places["B"])
    every_role_reads_what_the_files_say_and_nothing_else()


def what_is_masked_cannot_be_asked_about():
    def run(person):
        for record, field, value in hidden:
            at = f"/ledgers/{record.ledger}"
            plain = {id for id, other in world.records[record.ledger].items()
                     if world.plain(person.holder, other, field)}
            for query in (f"filter={field}:eq:{value}", f"filter={field}:contains:{value[:7]}",
                          f"filter={field}:filled", f"sort={field}"):
                status, raw = person.send("GET", f"{at}?{query}&count=1&limit=100")
                found = {line["id"] for line in json.loads(raw)["records"]} if status == 200 else set()
                assert found <= plain and status in (200, 400, 404), f"{at}?{query} finds {found - plain}"
                if status == 200:
                    assert json.loads(raw)["total"] <= len(plain), f"{at}?{query} counts more"
            status, raw = person.send("GET", f"{at}?q={value}&count=1")
            assert status != 200 or json.loads(raw)["total"] <= len(plain), f"{at}?q= finds what is masked"
            status, raw = person.send("GET", f"{at}/aggregate?by={field}&figures=count")
            look_for_leaks(person.holder, raw, f"{at}/aggregate?by={field}")
    each_person(run)


# --- writing ---------------------------------------------------------------------------------------------------------
def may_write(holder, act, ledger, place, owner, fields):
    return all(world.may(holder, act, ledger, place, owner, name) for name in [None, *fields])


def refused(holder, record):
    return 403 if world.of(holder, "read", record) else 404


def create_in(person, ledger, unit):
    """The number of the record when one was made."""
    holder, at = person.holder, places[unit]
    fields = world.values(ledger, at.id, owners[unit].id, "fresh", lambda name: min(
        (id for id, record in world.records[name].items()
         if record.place == at.place and world.of(holder, "read", record)), default=None))
    if any(field["required"] and name not in fields for name, field in world.fields[ledger].items()):
        return None  # points to what this person may not read
    place = at.place + "new." if ledger == "organisation" else at.place
    whose = next((name for name, field in world.fields[ledger].items() if field["owner"]), None)
    may = may_write(holder, "create", ledger, place, fields.get(whose), fields)
    status, raw = person.send("POST", f"/ledgers/{ledger}", {"fields": fields})
    there = any(world.may(holder, act, ledger, None, None) for act in ("read", "create"))
    same(status, 201 if may else 403 if there else 404, f"POST {ledger} in {unit}: {raw[:200]}")
    look_for_leaks(holder, raw, f"POST {ledger}")
    return json.loads(raw)["id"] if may else None


def remove_new(person, ledger, unit, made):
    if made is None:
        return
    place = places[unit].place + (f"{made}." if ledger == "organisation" else "")
    owned = any(field["owner"] for field in world.fields[ledger].values())
    new = Record(ledger, made, place, owners[unit].id if owned else None, {})
    status = person.send("DELETE", f"/ledgers/{ledger}/{made}")[0]
    same(status, 200 if world.of(person.holder, "delete", new) else refused(person.holder, new), f"DELETE {ledger}")


def write_record(person, record):
    holder, at = person.holder, f"/ledgers/{record.ledger}/{record.id}"
    may = may_write(holder, "change", record.ledger, record.place, record.owner, record.fields)
    status, raw = person.send("PATCH", at, {"fields": record.fields})
    same(status, 200 if may else refused(holder, record), f"PATCH {at}: {raw[:200]}")
    look_for_leaks(holder, raw, f"PATCH {at}")
    if not world.of(holder, "delete", record):
        same(person.send("DELETE", at)[0], refused(holder, record), f"DELETE {at}")
        items = [{"deed": "remove", "id": record.id}, {"deed": "restore", "id": record.id}]
        items += [] if may else [{"deed": "change", "id": record.id, "fields": record.fields}]
        status, raw = person.send("POST", f"/ledgers/{record.ledger}/bulk", {"items": items})
        results = json.loads(raw).get("results", [])
        assert status in (200, 403, 404), f"bulk {at}: {raw[:300]}"
        assert all(line["status"] in (403, 404) for line in results), f"bulk {at}: {raw[:300]}"


def every_role_writes_what_the_files_say_and_nothing_else():
    def run(person):
        for ledger in world.fields:
            for unit in ("A1", "B1"):
                remove_new(person, ledger, unit, create_in(person, ledger, unit))
            for record in world.records[ledger].values():
                write_record(person, record)
    each_person(run)


def every_role_takes_the_steps_the_files_say_and_no_others():
    def run(person):
        holder = person.holder
        for record in (record for ledger in world.steps for record in world.records[ledger].values()):
            at = f"/ledgers/{record.ledger}/{record.id}"
            status, raw = person.send("GET", at + "/flow")
            same(status, 200 if world.of(holder, "read", record) else 404, at + "/flow")
            look_for_leaks(holder, raw, at + "/flow")
            shown = {line["name"]: line["allowed"] for line in json.loads(raw).get("transitions", [])}
            taken = {step["step"]: world.takes(holder, step, record) for step in world.steps[record.ledger]}
            assert all(shown[name] == taken[name] for name in shown), f"{at}: {shown}, not {taken}"
            for name in (name for name in taken if not taken[name]):
                body = {"transition": name, "fields": {}, "reason": "x"}
                status, raw = person.send("POST", at + "/transitions", body)
                want = [refused(holder, record)] if name in shown else [403, 404, 409, 422]
                assert status in want, f"{at} {name}: {status} {raw[:200]}"
            for deed in () if any(taken.values()) else ("withdraw", "delegate", "extend"):
                body = {"reason": "x", **{"delegate": {"person": 1}, "extend": {"until": 1}}.get(deed, {})}
                status = person.send("POST", f"{at}/{deed}", body)[0]
                assert status in (403, 404, 409, 422), f"{at}/{deed}: {status}"
    each_person(run)


def at_a_unit_a_role_takes_steps_there_alone():
    every_role_takes_the_steps_the_files_say_and_no_others()


def a_role_granted_everywhere_writes_as_the_files_say():
    global granted_at
    granted_at = grant_again(None)
    every_role_writes_what_the_files_say_and_nothing_else()


def nothing_that_was_refused_has_changed_anything():
    for ledger, records in world.records.items():
        for record in records.values():
            shown = seer(ledger).ask("GET", f"/ledgers/{ledger}/{record.id}?unmask=1", None, 200)
            check_fields(seer(ledger).holder, record, shown)


def seer(ledger):
    return by_role["system_admin" if ledger == "organisation" else "head_of_operations"]


POWERS = (("GET", "/accounts", "accounts.read"), ("GET", "/accounts/admin", "accounts.read"),
          ("POST", "/accounts", "accounts.manage"), ("PATCH", "/accounts/admin", "accounts.manage"),
          ("DELETE", "/accounts/admin", "accounts.manage"), ("POST", "/accounts/admin/reset", "accounts.manage"),
          ("POST", "/accounts/admin/unlock", "accounts.manage"), ("GET", "/sessions", "sessions.read"),
          ("DELETE", "/sessions/1", "sessions.kick"), ("GET", "/status", "status.read"),
          ("GET", "/keys", "keys.manage"), ("POST", "/keys", "keys.manage"), ("DELETE", "/keys/x", "keys.manage"),
          ("GET", "/search?q=a", "events.search"), ("GET", "/tail?q=a", "events.search"),
          ("GET", "/events/1-1", "events.search"), ("GET", "/alerts/1-1", "alerts.read"),
          ("GET", "/audit", "audit.read"))


def what_needs_a_power_is_closed_to_those_without():
    def run(person):
        powers = set(person.ask("GET", "/me", None, 200)["powers"])
        for method, path, power in POWERS:
            if power not in powers:
                same(person.send(method, path, {} if method != "GET" else None)[0], 403, f"{method} {path}")
        if "accounts.grant" not in powers:
            for name in (person.holder.name, "admin"):
                status = person.send("POST", f"/accounts/{name}/grants", {"role": "operator"})[0]
                assert status in (403, 409), f"granted operator to {name}: {status}"
    each_person(run)


def the_command_line_explains_the_same_of_each_account():
    for role in ("security_manager", "operator", "auditor", "staff", "leader"):
        person, record = by_role[role], list(world.records["server"].values())[role < "operator"]
        for act in ("read", "change"):
            done = subprocess.run([os.path.join(BUILD, "jinwu"), "rights", "explain", "server", "--account",
                                   person.holder.name, "--record", str(record.id), "--may", act, "--json", "--data",
                                   api.data, "--content", api.content], capture_output=True, text=True, timeout=60)
            same(json.loads(done.stdout)["may"], world.of(person.holder, act, record), f"{role} {act} {done.stderr}")


def the_chain_tells_of_refusals_and_verifies():
    api.stop()
    done = subprocess.run([os.path.join(BUILD, "jinwu"), "ledger", "verify", "--data", api.data, "--content",
                           api.content], capture_output=True, text=True, timeout=120)
    same(done.returncode, 0, done.stdout[:500] + done.stderr[:500])
    entries = int(re.search(r"(\d+) entries", done.stderr).group(1))
    assert entries > 5000, done.stderr  # far more refusals than writes
    log = api.log()
    assert "ERROR" not in log and not re.search(r"zq\d+q", log), log[-2000:]


api = Api()
try:
    world = World(os.path.join(api.folder, "files"), api.content)
    marks, places, owners, granted_at = {}, {}, {}, None
    admin = Person(api, "admin", api.first)
    grantor = admin
    grantor = sign_up("officer", ["security_admin"], None)
    build_city()
    by_role = {role: sign_up("p_" + role, [] if role in world.everybody else [role], owners["A1"].id)
               for role in world.roles}
    people = list(by_role.values())
    hidden = [(record, name, value) for record in marks.values() for name, value in record.fields.items()
              if isinstance(value, str) and len(value) > 7 and
              world.fields[record.ledger][name]["sensitivity"] != "open"]
    city = SimpleNamespace(world=world, by_role=by_role, places=places, seer=seer, people=people)
    good = all([case(run.__name__, run) for run in (
        every_role_reads_what_the_files_say_and_nothing_else, what_is_masked_cannot_be_asked_about,
        every_role_takes_the_steps_the_files_say_and_no_others, a_role_granted_at_a_unit_reads_there_and_nowhere_else,
        at_a_unit_a_role_takes_steps_there_alone, every_role_writes_what_the_files_say_and_nothing_else,
        a_role_granted_everywhere_writes_as_the_files_say, what_needs_a_power_is_closed_to_those_without,
        *(functools.wraps(attack)(functools.partial(attack, city)) for attack in rights_attacks.ALL),
        nothing_that_was_refused_has_changed_anything, the_command_line_explains_the_same_of_each_account,
        the_chain_tells_of_refusals_and_verifies)])
finally:
    api.end()
sys.exit(not good)

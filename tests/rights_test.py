"""`jinwu rights` as an administrator meets it: the matrix, and why somebody may or may not."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from scenario import BUILD, SOURCE, case

HEAD = """title: 资产
unit: unit
owner: holder
fields:
  name: {title: 名称, type: text, required: true}
  unit: {title: 单位, type: unit}
  holder: {title: 责任人, type: person}
  phone: {title: 电话, type: phone, sensitivity: sensitive}
  clue: {title: 线索, type: text, sensitivity: secret}
  long: {title: 长度, type: computed, value: size(name)}
rights:
"""
LINES = """  - {role: security_manager, may: [read, create, change], where: units}
  - {role: supervisor, may: [read, sensitive, export], fields: [name, phone]}
  - {role: staff, may: [read], where: own}
"""


def run(*words, stdin=None):
    done = subprocess.run([os.path.join(BUILD, "jinwu"), *words, "--data", DATA, "--content", CONTENT],
                          capture_output=True, text=True, input=stdin, timeout=60)
    assert done.returncode in (0, 1, 2) and "Sanitizer" not in done.stderr, done.stderr
    return done


def same(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def explain(*words):
    done = run("rights", "explain", "asset", "--json", *words)
    return (json.loads(done.stdout)["may"] if done.stdout else None), done


def new(ledger, **fields):
    return json.loads(run("ledger", "put", ledger, "--json", stdin=json.dumps(fields)).stdout)["id"]


def the_matrix_says_each_act_on_each_field_with_its_line():
    rows = [json.loads(line) for line in run("rights", "matrix", "asset", "--json").stdout.splitlines()]
    given = {(row["role"], row["may"], row["field"], row["where"], row["line"]) for row in rows}
    line = HEAD.count("\n")
    assert ("security_manager", "change", "name", "units", line + 1) in given
    assert ("supervisor", "sensitive", "phone", "all", line + 2) in given
    same({row["field"] for row in rows if row["role"] == "supervisor"}, {None, "name", "phone"})
    assert ("security_manager", "read", "long", "units", line + 1) in given
    assert not [row for row in rows if row["field"] == "long" and row["may"] in ("create", "change")]
    assert not [row for row in rows if row["field"] == "clue" and row["may"] == "read"]
    assert all(row["file"].endswith("ledgers/asset.yaml") for row in rows)


def a_record_by_its_number_is_explained_by_where_it_lies():
    city = new("organisation", name="城市")
    county, other = new("organisation", name="甲县", parent=city), new("organisation", name="乙县", parent=city)
    person = new("person", name="李四")
    asset = new("asset", name="防火墙", unit=county, holder=person)
    who = ("--role", "security_manager", "--record", str(asset), "--may", "change")
    same(explain(*who, "--unit", f"{city}.{county}.")[0], True)
    same(explain(*who, "--unit", f"{city}.{other}.")[0], False)
    same(explain(*who)[0], False)
    same(explain("--record", str(asset), "--person", str(person))[0], True)
    same(explain("--record", str(asset), "--person", str(person + 1))[0], False)
    may, done = explain("--role", f"security_manager@{city}.{other}.", "--record", str(asset))
    assert not may and done.returncode == 1 and f"{city}.{county}. does not lie below {city}.{other}." in done.stdout
    assert explain("--record", "999")[1].returncode == 1


def a_field_is_explained_with_what_hides_it():
    supervisor = ("--role", "supervisor", "--field")
    same(explain(*supervisor, "phone", "--may", "sensitive")[0], True)
    same(explain(*supervisor, "clue")[0], False)
    same(explain("--role", "security_manager", "--unit", "1.", "--field", "phone", "--may", "sensitive")[0], False)
    same(explain("--role", "security_manager", "--unit", "1.", "--field", "phone")[0], True)


def roles_that_nobody_may_hold_together_are_refused():
    done = explain("--role", "supervisor", "--role", "security_manager")[1]
    assert done.returncode == 1 and "nobody may be both" in done.stderr, done.stderr
    assert "no role" in explain("--role", "ghost")[1].stderr


def what_cannot_be_meant_is_found_by_check():
    same(run("rights", "check").returncode, 0)
    path = os.path.join(CONTENT, "ledgers/asset.yaml")
    with open(path, "a", encoding="utf-8") as file:
        file.write("  - {role: auditor, may: [read, change]}\n  - {role: ghost, may: [read]}\n")
    done = run("rights", "check")
    assert done.returncode == 1 and "asset.yaml:" in done.stderr and '"ghost"' in done.stderr, done.stderr
    assert "auditor only reads" in done.stderr


with tempfile.TemporaryDirectory() as folder:
    DATA, CONTENT = os.path.join(folder, "data"), os.path.join(folder, "content")
    os.makedirs(os.path.join(CONTENT, "ledgers"))
    shutil.copy(os.path.join(SOURCE, "content/roles.yaml"), CONTENT)
    OPEN = "rights:\n  - {role: staff, may: [read, create]}\n"
    for name, text in {"asset": HEAD + LINES,
                       "organisation": "title: 组织\nunit: parent\nfields:\n  name: {title: 名称, type: text}\n"
                                       "  parent: {title: 上级, type: unit}\n" + OPEN,
                       "person": "title: 人员\nfields:\n  name: {title: 姓名, type: text}\n" + OPEN}.items():
        with open(os.path.join(CONTENT, "ledgers", name + ".yaml"), "w", encoding="utf-8") as file:
            file.write(text)
    good = all([case(promise.__name__, promise) for promise in (
        the_matrix_says_each_act_on_each_field_with_its_line, a_record_by_its_number_is_explained_by_where_it_lies,
        a_field_is_explained_with_what_hides_it, roles_that_nobody_may_hold_together_are_refused,
        what_cannot_be_meant_is_found_by_check)])
sys.exit(not good)

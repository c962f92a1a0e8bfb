"""What somebody tries who is logged in and wants more: each gets the city of rights_api_test.py."""

import csv
import io
import json
import urllib.parse
import zipfile

from rights_people import same


def lies_at(city, ledger, unit):
    return next(record for record in city.world.records[ledger].values() if record.place == city.places[unit].place)


def what_jinwu_sets_cannot_be_smuggled_in(city):
    person, record = city.seer("server"), next(iter(city.world.records["server"].values()))
    at = f"/ledgers/server/{record.id}"
    for name in ("id", "version", "state", "removed", "path", "made_at", "made_by", "changed_at", "changed_by",
                 "open_findings", "f_name", "__proto__"):
        for value in (7, "x", None, {"$ne": 1}):
            for fields, more in (({name: value}, {}), ({}, {name: value})):
                if (name, more) != ("version", {"version": None}):
                    status = person.send("PATCH", at, {"fields": fields, **more})[0]
                    assert status in (400, 409, 422), f"{name} = {value}: {status}"
            status = person.send("POST", "/ledgers/server", {"fields": {**record.fields, name: value}})[0]
            assert status == 422, f"{name} = {value}: {status}"


def forged_versions_change_nothing(city):
    person, record = city.seer("server"), next(iter(city.world.records["server"].values()))
    at, now = f"/ledgers/server/{record.id}", None
    now = person.ask("GET", at, None, 200)["version"]
    for version in (now + 1, now - 1, 10**15, -1, 0.5, "1 OR 1=1", str(now), True, [now], 2**70):
        status = person.send("PATCH", at, {"fields": {"note": "forged"}, "version": version})[0]
        assert status in (400, 409), f"version {version}: {status}"
        status = person.send("PATCH", at, {"fields": {"note": "forged"}}, If_Match=f'"{version}"')[0]
        assert status in (400, 409) or version == str(now), f"If-Match {version}: {status}"
    person.send("PATCH", at, {"fields": {"note": record.fields["note"]}})


def a_manager_of_a_unit_moves_nothing_across_its_border(city):
    person = city.by_role["security_manager"]
    mine, other = lies_at(city, "server", "A1"), lies_at(city, "server", "B1")
    at = f"/ledgers/server/{mine.id}"
    for unit in (city.places["B1"].id, city.places["B"].id, city.places["city"].id, city.places["A"].id):
        status = person.send("PATCH", at, {"fields": {"unit": unit}})[0]
        same(status, 403, f"moved to unit {unit}")
        items = [{"deed": "change", "id": mine.id, "fields": {"unit": unit}}]
        same(person.send("POST", "/ledgers/server/bulk", {"items": items, "atomic": True})[0], 403)
    status = person.send("PATCH", f"/ledgers/server/{other.id}", {"fields": {"unit": city.places["A1"].id}})[0]
    same(status, 404, "pulled over")
    # a record that may not be read cannot be pointed to, and whether it is there does not show
    mine, foreign = lies_at(city, "vulnerability", "A1"), lies_at(city, "server", "B1")
    assert not city.world.of(person.holder, "read", foreign) and city.world.of(person.holder, "change", mine)
    answers = []
    for id in (foreign.id, 987654321):
        status, raw = person.send("PATCH", f"/ledgers/vulnerability/{mine.id}", {"fields": {"server": id}})
        answers.append((status, raw.replace(b"/%d" % id, b"/N")))
    same(answers[0][0], 422, "pointed to what may not be read")
    same(answers[0][1], answers[1][1], "pointed to what may not be read, and to nothing")


SQL = ("'", "' OR '1'='1", "1; DROP TABLE l_server;--", '" OR 1=1 --', "%", "_", "\\",
       "x' UNION SELECT hash FROM accounts--", "1) OR (1=1", "$1", "?", "\u0000", "\u2028'", "id, (SELECT 1)",
       "CAST(1 AS text)", "name:eq:x' OR ''='", "a" * 1000)


def sql_in_a_parameter_is_only_a_text(city):
    person = city.by_role["security_manager"]
    held = {line["id"] for line in person.ask("GET", "/ledgers/server?limit=1000", None, 200)["records"]}
    for text in SQL:
        quoted = urllib.parse.quote(text, safe="")
        for query in (f"q={quoted}", f"filter=name:eq:{quoted}", f"filter=name:contains:{quoted}", f"filter={quoted}",
                      f"filter={quoted}:eq:1", f"filter=ip:ge:{quoted}", f"filter=cores:in:{quoted}", f"sort={quoted}",
                      f"sort=-{quoted}", f"fields={quoted}", f"limit={quoted}", f"after={quoted}", f"offset={quoted}",
                      f"filter=state:eq:{quoted}", f"filter=id:eq:{quoted}", f"unmask={quoted}", f"{quoted}=1"):
            status, raw = person.send("GET", f"/ledgers/server?{query}")
            assert status in (200, 400), f"{query}: {status}"
            if status == 200:
                assert {line["id"] for line in json.loads(raw)["records"]} <= held, query
            status, raw = person.send("GET", f"/ledgers/server/aggregate?{query}&by={quoted}&figures={quoted}")
            assert status == 400, f"aggregate {query}: {status} {raw[:200]}"
        for path in (f"/ledgers/{quoted}", f"/ledgers/server/{quoted}", f"/ledgers/server/1{quoted}",
                     f"/ledgers/server/{quoted}/history"):
            status = person.send("GET", path)[0]
            assert status in (400, 404), f"{path}: {status}"


FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "=HYPERLINK(\"http://evil.example\",\"x\")",
            "=cmd|' /C calc'!A0", " =1+1", "\u3000=1+1", "＝1+1")


def formulas_in_records_are_texts_in_files(city):
    person, record = city.seer("server"), lies_at(city, "server", "A1")
    at = f"/ledgers/server/{record.id}"
    for formula in FORMULAS:
        if person.send("PATCH", at, {"fields": {"name": formula}})[0] != 200:
            continue  # refused as no text
        table = person.send("GET", "/ledgers/server/export?format=csv")[1].decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(table)))
        assert len(rows) > 2
        for row in rows[1:]:
            assert not [cell for cell in row if cell and cell[0] in "=+-@\t\r" and not is_number(cell)], row
        book = zipfile.ZipFile(io.BytesIO(person.send("GET", "/ledgers/server/export?format=xlsx")[1]))
        parts = {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}
        assert not [name for name, text in parts.items() if "<f>" in text or "<f " in text or "externalLink" in text]
        assert any("1+1" in text or "calc" in text or "HYPERLINK" in text for text in parts.values())
    person.send("PATCH", at, {"fields": {"name": record.fields["name"]}})


def is_number(cell):
    try:
        float(cell)
        return True
    except ValueError:
        return False


def files_hold_what_may_be_exported_and_nothing_else(city):
    world = city.world
    for person in city.people:
        for ledger in ("server", "person", "clue_handover", "organisation", "vulnerability"):
            there = {id for id, record in world.records[ledger].items() if world.of(person.holder, "export", record)}
            for more in ("", "&unmask=1", "&removed=1", "&filter=id:gt:0"):
                status, raw = person.send("GET", f"/ledgers/{ledger}/export?format=json{more}")
                lines = [json.loads(line) for line in raw.decode().splitlines()] if status == 200 else []
                for line in lines:
                    known = world.records[ledger].get(line["id"])
                    assert not known or line["id"] in there, f"{person.holder.name} exports {ledger}/{line['id']}"
                    if "removed" in more:
                        assert world.may(person.holder, "delete", ledger, None, None), f"{person.holder.name}: removed"
                    for name in line["fields"] if known else ():
                        assert world.of(person.holder, "export", known, name), f"{person.holder.name}: {ledger}.{name}"
                        plain = world.plain(person.holder, known, name)
                        assert plain or line["fields"][name] != known.fields.get(name), f"{ledger}.{name} unmasked"
                if more == "" and status == 200:
                    assert there <= {line["id"] for line in lines}, f"{person.holder.name}: {ledger} lacks some"
                assert there or not lines, f"{person.holder.name}: {ledger}"


def an_import_reaches_no_further_than_a_form(city):
    person, mine, other = city.by_role["security_manager"], lies_at(city, "server", "A1"), lies_at(city, "server", "B1")
    titles = {name: field["zh"] for name, field in city.world.fields["server"].items()}
    for record, fields in ((other, {"name": "taken over"}), (mine, {"unit": "zq3q"}),
                           (None, {**other.fields, "ip": "10.250.1.1", "unit": city.places["B1"].fields["name"]})):
        out = io.StringIO()
        names = [name for name in fields if name in ("name", "unit", "ip")]
        head = (["编号"] if record else []) + [titles[name] for name in names]
        csv.writer(out).writerows([head, ([record.id] if record else []) + [fields[name] for name in names]])
        status, raw = person.send("POST", "/ledgers/server/import?name=../../etc/passwd.csv", out.getvalue().encode())
        assert status in (200, 403, 422), f"{status} {raw[:300]}"
        assert city.world.records["server"][other.id].fields["name"].encode() not in raw
        if status == 200:
            report = json.loads(raw)
            status, raw = person.send("POST", f"/ledgers/server/import/{report['id']}/accept", {"good_only": True})
            assert json.loads(raw).get("written", 0) == 0, f"{fields}: {raw[:500]}"
    auditor = city.by_role["auditor"]
    same(auditor.send("POST", "/ledgers/server/import", b"x\n1\n")[0], 403)
    for id in ("../../../etc/passwd", "..%2f..%2fledger.db", "%00", "x' OR 1=1", "1"):
        at = f"/ledgers/server/import/{urllib.parse.quote(id, safe='%')}/accept"
        status = person.send("POST", at, {})[0]
        assert status in (400, 403, 404), f"{at}: {status}"


PDF = b"%PDF-1.4 zq evidence of unit B"


def a_file_goes_out_only_through_a_record_that_may_be_read(city):
    owner, thief = city.by_role["operator"], city.by_role["security_manager"]
    mine, other = lies_at(city, "vulnerability", "A1"), lies_at(city, "vulnerability", "B1")
    at, kind = "/ledgers/vulnerability", "application/pdf"
    status, raw = owner.send("POST", f"{at}/attachments/evidence?name=proof.pdf", PDF, Content_Type=kind)
    same(status, 201, raw[:300])
    file = json.loads(raw)
    same(owner.send("PATCH", f"{at}/{other.id}", {"fields": {"evidence": [file]}})[0], 200)
    same(owner.send("GET", f"{at}/{other.id}/attachments/{file['sm3']}"), (200, PDF))
    nothing = thief.send("GET", f"{at}/{mine.id}/attachments/{'0' * 64}")
    same(nothing[0], 404)
    for sm3 in (file["sm3"], file["sm3"].upper(), "../../ledger.db", "..%2f..%2fledger.db", "%2e%2e%2fledger.db", "%00",
                file["sm3"][:2] + "%2f" + file["sm3"][2:], "/etc/passwd", "%2fetc%2fpasswd", "*", "%25"):
        for id in (mine.id, other.id):
            status, raw = thief.send("GET", f"{at}/{id}/attachments/{sm3}")
            assert status in (400, 404) and b"zq evidence" not in raw, f"{sm3} of {id}: {status} {raw[:100]}"
    same(thief.send("GET", f"{at}/{other.id}/attachments/{file['sm3']}"), nothing, "a file of another unit")
    for stolen in (file, {**file, "sm3": file["sm3"].upper()}, {**file, "sm3": "../../ledger.db"},
                   {**file, "path": "x"}):
        status = thief.send("PATCH", f"{at}/{mine.id}", {"fields": {"evidence": [stolen]}})[0]
        same(status, 422, f"named {stolen} in an own record")
    for name in ("../../../etc/cron.d/x", "..%5c..%5cx.pdf", "/etc/passwd", "x%00.pdf", "%0d%0aSet-Cookie: a=b"):
        quoted = urllib.parse.quote(name, safe="%")
        status, raw = thief.send("POST", f"{at}/attachments/evidence?name={quoted}", PDF, Content_Type=kind)
        assert status in (201, 400, 422), f"{name}: {status} {raw[:100]}"
    for field in ("name", "nosuch", "status", "..%2fevidence"):
        assert thief.send("POST", f"{at}/attachments/{field}?name=a.pdf", PDF)[0] in (400, 404), field
    same(city.by_role["auditor"].send("POST", f"{at}/attachments/evidence?name=a.pdf", PDF)[0], 404)
    same(owner.send("PATCH", f"{at}/{other.id}", {"fields": {"evidence": None}})[0], 200)


ALL = (what_jinwu_sets_cannot_be_smuggled_in, forged_versions_change_nothing,
       a_manager_of_a_unit_moves_nothing_across_its_border, sql_in_a_parameter_is_only_a_text,
       formulas_in_records_are_texts_in_files, files_hold_what_may_be_exported_and_nothing_else,
       an_import_reaches_no_further_than_a_form, a_file_goes_out_only_through_a_record_that_may_be_read)

"""The ledgers over HTTPS as people and programs meet them: with docs/ledgers.md and docs/api.md alone. A ledger is written
while jw-api runs, and has storage, rights, history and the rest. The same on SQLite and PostgreSQL."""

import base64
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

import jsonschema

from scenario import BUILD, SOURCE, case, free_port, wait_for

DISKS = """
title: {zh: 移动存储介质, en: Portable storage}
unit: unit
list: [number, kind, due_back]
fields:
  number: {title: 编号, type: text, pattern: 'YD-[0-9]{4}', example: YD-0001, required: true, unique: true}
  kind: {title: 类型, type: choice, choices: {disk: 移动硬盘, stick: U盘}, default: stick}
  unit: {title: 领用单位, type: unit}
  due_back: {title: 应还日期, type: date, due: true}
  phone: {title: 电话, type: phone, sensitivity: sensitive}
  papers: {title: 附件, type: attachment, most: 2, media: [application/pdf, text/plain]}
  days_left: {title: 剩余天数, type: computed, value: days_until(due_back), unit: 天}
rights:
  - {role: operator, may: [read, create, change, delete, sensitive]}
"""
NOTES = """
title: 值班记录
fields:
  name: {title: 标题, type: text, required: true}
  phone: {title: 电话, type: phone, sensitivity: sensitive}
  secret: {title: 口令, type: text, sensitivity: secret}
  remark: {title: 备注, type: text}
rights:
  - {role: operator, may: [read, create, change], fields: [name, phone, secret]}
"""
HIDDEN = """
title: 他人台账
fields:
  name: {title: 标题, type: text, required: true}
rights:
  - {role: auditor, may: [read]}
"""


class Api:
    def __init__(self, db=None):
        self.folder = tempfile.mkdtemp(prefix="jw.", dir="/tmp")
        self.data, self.content = os.path.join(self.folder, "data"), os.path.join(self.folder, "content")
        os.makedirs(self.data)
        shutil.copytree(os.path.join(SOURCE, "content"), self.content)
        self.options = [f"--db={db}"] if db else []
        self.user, self.password = "admin", None
        self.start()

    def start(self):
        self.port = free_port()
        ready, tell = os.pipe()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "daemons/api/jw-api"), f"--data={self.data}", f"--content={self.content}",
             f"--listen=127.0.0.1:{self.port}", *self.options],
            stdout=subprocess.PIPE, stderr=open(os.path.join(self.folder, "log"), "a"), text=True, pass_fds=[tell],
            env={**os.environ, "JW_READY_FD": str(tell), "ASAN_OPTIONS": "detect_leaks=0"})
        os.close(tell)
        assert os.read(ready, 1), self.log()
        os.close(ready)
        if not self.password:
            self.password = re.search(r"password (\S+)", self.process.stdout.readline()).group(1)
            self.become_analyst()

    def become_analyst(self):
        """The first account works with no records: it makes one that does, and hands it its roles."""
        self.new_password()
        made = self.ask("POST", "/accounts", {"name": "analyst"}, 201)
        for role in ("system_admin", "operator"):
            self.ask("POST", "/accounts/analyst/grants", {"role": role})
        self.user, self.password = "analyst", made["password"]
        self.new_password()

    def new_password(self):
        fresh = "Records-of-a-test-7"
        self.ask("POST", "/password", {"old": self.password, "new": fresh})
        self.password = fresh

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0, self.log()

    def end(self):
        self.stop()
        log = self.log()
        shutil.rmtree(self.folder)
        assert "ERROR" not in log, log

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(os.path.join(self.content, "ledgers", name + ".yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def reload(self):
        before = self.log().count("read again") + self.log().count("stay as they were")
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.log().count("read again") + self.log().count("stay as they were") > before)

    def ask(self, method, path, body=None, status=200, **headers):
        """The answer as JSON; its headers in `self.headers`."""
        context = ssl.create_default_context(cafile=os.path.join(self.data, "tls/cert.pem"))
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            link.request(method, "/api/v1" + urllib.parse.quote(path, safe="/?&=%,:-*."), body, headers)
            answer = link.getresponse()
            raw = answer.read()
            self.headers = answer.headers
            assert answer.status == status, f"{method} {path}: {answer.status} {raw[:600].decode()}"
            return json.loads(raw) if "json" in (answer.headers["Content-Type"] or "") else raw
        finally:
            link.close()

    def get(self, path, status=200, **headers):
        return self.ask("GET", path, None, status, **headers)

    def make(self, ledger, status=201, **fields):
        return self.ask("POST", f"/ledgers/{ledger}", {"fields": fields}, status)


def same(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def numbers(page):
    return [record["fields"]["number"] for record in page["records"]]


def a_ledger_written_now_serves_at_once():
    api.get("/ledgers/mobile_disk", 404)
    api.write("mobile_disk", DISKS)
    api.write("note", NOTES)
    api.write("hidden", HIDDEN)
    api.reload()
    record = api.make("mobile_disk", number="YD-0001", due_back="2026年8月31日")
    same((record["id"], record["version"], api.headers["ETag"]), (1, 1, '"1"'))
    same(record["fields"]["due_back"], "2026-08-31")
    same(record["fields"]["kind"], "stick")
    same(sorted(record["may"]), ["change", "delete"])
    same(api.get("/ledgers/mobile_disk/1")["fields"]["number"], "YD-0001")


def faults_name_the_field_in_the_language_of_the_reader():
    answer = api.make("mobile_disk", 422, number="abc", kind="tape", wrong=1)["error"]
    same(answer["code"], "invalid")
    same(sorted(fault["field"] for fault in answer["faults"]), ["wrong"])  # names first, then values
    answer = api.make("mobile_disk", 422, number="abc", kind="tape")["error"]
    same([fault["field"] for fault in answer["faults"]], ["number", "kind"])
    assert "YD-0001" in answer["faults"][0]["text"] and "编号" in answer["faults"][0]["text"], answer
    answer = api.ask("POST", "/ledgers/mobile_disk", {"fields": {}}, 422, Accept_Language="en-GB")["error"]
    assert "is required" in answer["faults"][0]["text"], answer
    answer = api.make("mobile_disk", 422, number="YD-0001")["error"]
    same(answer["faults"][0]["rule"], "unique")


def a_change_is_made_on_the_version_that_was_read():
    path = "/ledgers/mobile_disk/1"
    changed = api.ask("PATCH", path, {"fields": {"kind": "disk"}, "version": 1, "why": "登记有误"})
    same((changed["version"], changed["fields"]["kind"]), (2, "disk"))
    late = api.ask("PATCH", path, {"fields": {"kind": "stick"}, "version": 1}, 409)
    same((late["error"]["code"], late["record"]["version"]), ("conflict", 2))
    api.ask("PATCH", path, {"fields": {"kind": "stick"}}, 409, If_Match='"1"')
    same(api.ask("PATCH", path, {"fields": {"due_back": None}}, 200, If_Match='"2"')["version"], 3)
    versions = api.get(path + "/history")["versions"]
    same([(v["version"], v["deed"], v["why"]) for v in versions],
         [(3, "change", ""), (2, "change", "登记有误"), (1, "create", "")])
    same((versions[0]["who"], versions[0]["origin"]), ("analyst", "127.0.0.1"))
    same([v["fields"]["kind"] for v in versions], ["disk", "disk", "stick"])
    same([v["version"] for v in api.get(path + "/history?before=3&limit=1")["versions"]], [2])


def what_jinwu_sets_cannot_be_set_from_outside():
    for name in ("id", "version", "state", "made_by", "place", "changed_at", "removed"):
        answer = api.ask("POST", "/ledgers/mobile_disk", {"fields": {"number": "YD-0777", name: 5}}, 422)
        same([fault["field"] for fault in answer["error"]["faults"]], [name])
        answer = api.ask("POST", "/ledgers/mobile_disk", {"fields": {"number": "YD-0777"}, name: 5}, 400)
        same(answer["error"]["faults"][0]["field"], name)
    answer = api.make("mobile_disk", 422, number="YD-0777", days_left=3)
    same(answer["error"]["faults"][0]["rule"], "computed")
    same(api.get("/ledgers/mobile_disk?filter=number:eq:YD-0777")["records"], [])


def removed_records_go_out_of_sight_and_come_back():
    api.make("mobile_disk", number="YD-0002")
    api.ask("DELETE", "/ledgers/mobile_disk/2", {"why": "报废"})
    same(numbers(api.get("/ledgers/mobile_disk")), ["YD-0001"])
    same(numbers(api.get("/ledgers/mobile_disk?removed=1")), ["YD-0002"])
    api.ask("PATCH", "/ledgers/mobile_disk/2", {"fields": {"kind": "disk"}}, 404)
    api.ask("DELETE", "/ledgers/mobile_disk/2", None, 404)
    same(api.ask("POST", "/ledgers/mobile_disk/2/restore", {"why": "误删"})["removed"], False)
    same(len(api.get("/ledgers/mobile_disk")["records"]), 2)


def lists_are_filtered_sorted_searched_and_paged():
    for i in range(10, 40):
        api.make("mobile_disk", number=f"YD-00{i}", kind="disk" if i % 2 else "stick",
                 due_back=f"2026-0{i % 9 + 1}-15" if i % 4 else None)
    page = api.get("/ledgers/mobile_disk?filter=kind:eq:移动硬盘&filter=number:ge:YD-0010&sort=number&limit=5&count=1")
    same(numbers(page), ["YD-0011", "YD-0013", "YD-0015", "YD-0017", "YD-0019"])
    same((page["total"], len(page["records"][0]["fields"])), (15, 3))
    following = api.get(f"/ledgers/mobile_disk?filter=kind:eq:disk&filter=number:ge:YD-0010&sort=number&limit=5"
                        f"&after={page['next']}")
    same(numbers(following)[0], "YD-0021")
    same(numbers(api.get("/ledgers/mobile_disk?filter=number:in:YD-0011,YD-0012,YD-9999&sort=-number")),
         ["YD-0012", "YD-0011"])
    same(len(api.get("/ledgers/mobile_disk?filter=due_back:between:2026-02-01,2026-03-31&limit=100")["records"]),
         sum(1 for i in range(10, 40) if i % 4 and i % 9 + 1 in (2, 3)))
    same(numbers(api.get("/ledgers/mobile_disk?filter=number:contains:0033&fields=*")), ["YD-0033"])
    same(api.get("/ledgers/mobile_disk?filter=due_back:empty&count=1&limit=1")["total"],
         2 + sum(1 for i in range(10, 40) if i % 4 == 0))
    same(numbers(api.get("/ledgers/mobile_disk?q=0025&sort=number")), ["YD-0025"])
    for query, field in {"filter=color:eq:red": "color", "filter=kind:like:x": "kind", "filter=kind:eq:tape": "kind",
                         "sort=days_left": "days_left", "limit=5000": "limit", "filtre=a": "filtre",
                         "after=99999": "after", "offset=-1": "offset", "q=。": "q"}.items():
        fault = api.get("/ledgers/mobile_disk?" + query, 400)["error"]["faults"][0]
        same(fault["field"], field)


def sensitive_values_are_masked_until_asked_for_and_then_on_record():
    made = api.make("mobile_disk", number="YD-0100", phone="13800138000")
    at = f"/ledgers/mobile_disk/{made['id']}"
    masked = api.get(at)["fields"]["phone"]
    assert masked != "13800138000" and masked.endswith("8000"), masked
    same(api.get(at + "?unmask=1")["fields"]["phone"], "13800138000")
    assert "13800138000" not in json.dumps(api.get(at + "/history"))
    assert "13800138000" in json.dumps(api.get(at + "/history?unmask=1"))
    assert "13800138000" not in json.dumps(api.get("/ledgers/mobile_disk?fields=*&limit=100"))
    same(api.ask("PATCH", at, {"fields": {"phone": masked, "kind": "disk"}})["version"], 2)  # a form sends it back
    same(api.get(at + "?unmask=1")["fields"]["phone"], "13800138000")


def what_may_not_be_read_is_not_there():
    nothing = api.get("/ledgers/nosuch", 404)
    same(api.get("/ledgers/hidden", 404), nothing)
    same(api.get("/ledgers/hidden/1", 404), nothing)
    same(api.get("/ledgers/mobile_disk/4711", 404), nothing)
    same(api.get("/ledgers/mobile_disk/x", 404), nothing)
    same(api.make("hidden", 404, name="x"), nothing)
    # a field outside of the rights: not shown, not found, not sorted by, not asked about, not written
    record = api.make("note", name="交接", phone="13900139000", secret="s3cret")
    at = f"/ledgers/note/{record['id']}"
    assert "remark" not in record["fields"] and "secret" not in record["fields"], record
    assert "s3cret" not in json.dumps(api.get(at + "?unmask=1"))
    for query in ("filter=remark:empty", "sort=remark", "filter=phone:eq:13900139000", "sort=phone",
                  "filter=secret:contains:s", "filter=phone:empty"):
        api.get("/ledgers/note?" + query, 400)
    same(api.ask("PATCH", at, {"fields": {"remark": "x"}}, 422)["error"]["faults"][0]["rule"], "unknown")
    same(api.make("note", 422, name="a", remark="b")["error"]["faults"][0]["field"], "remark")
    same(len(api.get("/ledgers/note?q=交接")["records"]), 1)
    same(api.get("/ledgers/note?q=s3cret")["records"], [])
    api.ask("DELETE", at, None, 403)


def a_form_knows_the_fields_and_what_may_be_done():
    names = {ledger["name"]: ledger for ledger in api.get("/ledgers")["ledgers"]}
    assert "hidden" not in names, names.keys()
    same(names["mobile_disk"]["title"], {"zh": "移动存储介质", "en": "Portable storage"})
    same(names["mobile_disk"]["may"], ["read", "create", "change", "delete", "sensitive"])
    declared = api.get("/ledgers/mobile_disk/declaration")
    fields = {field["name"]: field for field in declared["fields"]}
    same(list(fields), ["number", "kind", "unit", "due_back", "phone", "papers", "days_left"])
    same((fields["number"]["required"], fields["number"]["unique"], fields["number"]["pattern"]),
         (True, True, "YD-[0-9]{4}"))
    same((fields["kind"]["choices"]["disk"], fields["kind"]["default"]), ("移动硬盘", "stick"))
    same((fields["number"]["may"], fields["days_left"]["may"]), (["read", "create", "change"], ["read"]))
    same((declared["list"], declared["unit"]), (["number", "kind", "due_back"], "unit"))
    same([field["name"] for field in api.get("/ledgers/note/declaration")["fields"]], ["name", "phone", "secret"])
    api.get("/ledgers/hidden/declaration", 404)


def many_changes_are_made_each_for_itself_or_all_or_none():
    items = [{"deed": "create", "fields": {"number": "YD-0201"}}, {"deed": "create", "fields": {"number": "bad"}},
             {"deed": "remove", "id": 4711}]
    results = api.ask("POST", "/ledgers/mobile_disk/bulk", {"items": items})["results"]
    same([result["status"] for result in results], [201, 422, 404])
    same(results[1]["error"]["faults"][0]["field"], "number")
    items[0]["fields"]["number"] = "YD-0202"
    answer = api.ask("POST", "/ledgers/mobile_disk/bulk", {"items": items[:2], "atomic": True}, 422)
    same((answer["error"]["item"], answer["error"]["faults"][0]["field"]), (1, "number"))
    same(api.get("/ledgers/mobile_disk?filter=number:eq:YD-0202")["records"], [])
    items = [{"deed": "create", "fields": {"number": f"YD-03{i:02}"}} for i in range(20)]
    items.append({"deed": "change", "id": results[0]["id"], "version": 1, "fields": {"kind": "disk"}})
    done = api.ask("POST", "/ledgers/mobile_disk/bulk", {"items": items, "atomic": True})["results"]
    same([result["status"] for result in done], [201] * 20 + [200])
    answer = api.ask("POST", "/ledgers/mobile_disk/bulk", {"items": [items[-1]], "atomic": True}, 409)
    same(api.get(f"/ledgers/mobile_disk/{done[0]['id']}")["fields"]["number"], "YD-0300")
    for wrong in ({"items": []}, {"items": [{"deed": "burn"}]}, {"items": [{"deed": "change", "fields": {}}]},
                  {"items": [{"deed": "create", "fields": {}, "made_by": "x"}]}, {"items": items, "state": "x"}):
        api.ask("POST", "/ledgers/mobile_disk/bulk", wrong, 400)


def groups_are_counted():
    groups = api.get("/ledgers/mobile_disk/aggregate?by=kind&figures=count,min:number,max:due_back"
                     "&filter=number:between:YD-0010,YD-0039")["groups"]
    same(sorted((group["by"], group["count"]) for group in groups), [("disk", 15), ("stick", 15)])
    assert all(group["min:number"] >= "YD-0010" for group in groups), groups
    same(api.get("/ledgers/mobile_disk/aggregate?filter=number:le:YD-0002")["groups"], [{"count": 2}])
    for query in ("by=color", "by=days_left", "figures=sum:number", "figures=avg:number", "figures=sum:days_left"):
        api.get("/ledgers/mobile_disk/aggregate?" + query, 400)
    api.get("/ledgers/note/aggregate?by=remark", 400)
    api.get("/ledgers/note/aggregate?figures=max:phone", 400)  # masked: its largest is nobody's business


def files_go_in_once_and_out_through_a_record():
    def upload(name, body, status=201, media="application/pdf", field="papers"):
        return api.ask("POST", f"/ledgers/mobile_disk/attachments/{field}?name={name}", body, status, Content_Type=media)

    text = "金吾".encode() * 100000
    file = upload("领用单.pdf", text)
    same(file, {"sm3": subprocess.run(["openssl", "sm3", "-r"], input=text, capture_output=True).stdout.decode()[:64],
                "name": "领用单.pdf", "size": len(text), "media": "application/pdf"})
    same(upload("又一份.pdf", text)["sm3"], file["sm3"])
    folder = os.path.join(api.data, "ledger/attachments")
    same(sum(len(files) for _, _, files in os.walk(folder)), 1)
    record = api.make("mobile_disk", number="YD-0900", papers=[file])
    path = f"/ledgers/mobile_disk/{record['id']}"
    same(record["fields"]["papers"], [file])
    same(api.get(f"{path}/attachments/{file['sm3']}"), text)
    same((api.headers["Content-Disposition"], api.headers["X-Content-Type-Options"], api.headers["Content-Type"]),
         ("attachment; filename*=UTF-8''" + urllib.parse.quote("领用单.pdf"), "nosniff", "application/octet-stream"))
    # what no record names that I read is not there; what I did not bring I cannot name
    api.get(f"/ledgers/mobile_disk/1/attachments/{file['sm3']}", 404)
    api.get(f"{path}/attachments/{'0' * 64}", 404)
    for wrong in ("..%2F..%2Fledger.db", "%2Fetc%2Fpasswd", "..%2F" + file["sm3"], "x"):
        api.get(f"{path}/attachments/{wrong}", 404)
    other = dict(file, sm3="1" * 64)
    answer = api.ask("PATCH", path, {"fields": {"papers": [file, other]}}, 422)
    same(answer["error"]["faults"][0]["rule"], "attachment")
    for wrong in ("../../x", "/etc/passwd", "..", "a/b"):
        api.ask("PATCH", path, {"fields": {"papers": [dict(file, name=wrong)]}}, 422)
        upload(urllib.parse.quote(wrong, safe=""), b"x", 422)
    upload("x.exe", b"MZ", 422, "application/x-msdownload")
    upload("x.pdf", b"x", 404, field="number")
    upload("x.pdf", b"x", 404, field="..%2Fpapers")


def references_in(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from references_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references_in(inner)


def at(document, pointer):
    for step in pointer.removeprefix("#/").split("/"):
        document = document[step]
    return document


def the_openapi_document_is_valid_and_true():
    """OpenAPI 3.1: its schemas are JSON Schema 2020-12, judged by jsonschema's own meta-schema; the rules of the
    specification that have no schema here are asserted one by one; and what jw-api answers fits what the document says."""
    document = api.get("/openapi.json")
    same(document["openapi"], "3.1.0")
    assert {"title", "version"} <= set(document["info"]) and len(document["paths"]) > 100
    for pointer in set(references_in(document)):
        at(document, pointer)
    operations = [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]
    names = [operation["operationId"] for _, _, operation in operations]
    same(len(set(names)), len(names))
    for path, method, operation in operations:
        assert path.startswith("/api/v1/") and method in ("get", "post", "patch", "delete"), path
        parameters = [at(document, parameter["$ref"]) for parameter in operation["parameters"]]
        same(sorted(re.findall(r"{(\w+)}", path)), sorted(p["name"] for p in parameters if p["in"] == "path"))
        assert all(p["required"] for p in parameters if p["in"] == "path") and all("schema" in p for p in parameters)
        for status, response in operation["responses"].items():
            response = at(document, response["$ref"]) if "$ref" in response else response
            assert re.fullmatch("[1-5][0-9][0-9]", status) and response["description"], operation
    assert "/api/v1/ledgers/hidden" not in document["paths"] and "remark" not in json.dumps(document["components"]["schemas"]["note"])
    assert "delete" not in document["paths"]["/api/v1/ledgers/note/{id}"]
    assert {"/api/v1/ledgers/inspection_finding/{id}/transitions", "/api/v1/ledgers/inspection_finding/import"} <= set(document["paths"])
    assert "/api/v1/ledgers/note/{id}/transitions" not in document["paths"]  # it follows no workflow
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
    def fits(name, value):
        jsonschema.Draft202012Validator({"$ref": "#/components/schemas/" + name, "components": document["components"]}).validate(value)
    for path in ("/ledgers/mobile_disk/1", "/ledgers/note/1", "/ledgers/mobile_disk/1?unmask=1"):
        fits(path.split("/")[2], api.get(path))
    for record in api.get("/ledgers/mobile_disk?limit=1000&fields=*")["records"]:
        fits("mobile_disk", record)
    fits("error", api.make("mobile_disk", 422, number="bad"))
    fits("mobile_disk.new", {"number": "YD-0001", "kind": "disk"})
    for wrong in ({"kind": "disk"}, {"number": "x"}, {"number": "YD-0001", "kind": "tape"}, {"number": "YD-0001", "id": 3}):
        try:
            fits("mobile_disk.new", wrong)
        except jsonschema.ValidationError:
            continue
        raise AssertionError(f"the document takes {wrong}")


def the_audit_chain_is_for_those_who_audit():
    same(api.get("/audit", 403)["error"]["code"], "forbidden")


def a_broken_file_leaves_its_ledger_in_force_also_over_a_restart():
    api.write("mobile_disk", DISKS.replace("title: 编号,", "titel: 编号,"))
    api.reload()
    assert re.search(r"mobile_disk\.yaml:\d+:\d+: ", api.log()), api.log()
    api.get("/ledgers/mobile_disk/1")
    api.stop()
    api.start()
    same(api.get("/ledgers/mobile_disk/1")["fields"]["number"], "YD-0001")
    api.write("mobile_disk", DISKS.replace("type: phone, sensitivity: sensitive", "type: number"))  # values are there
    api.reload()
    assert "stay as they were" in api.log()
    same(api.get("/ledgers/mobile_disk/1")["fields"]["number"], "YD-0001")
    api.stop()
    api.start()
    same(api.get("/ledgers/mobile_disk/1")["fields"]["number"], "YD-0001")
    api.write("mobile_disk", DISKS + "")
    api.reload()


def the_chain_tells_of_everything():
    api.stop()
    where = api.options or [f"--db={os.path.join(api.data, 'ledger/ledger.db')}"]
    done = subprocess.run([os.path.join(BUILD, "jinwu"), "ledger", "verify", *where, f"--content={api.content}",
                           f"--data={api.data}"], capture_output=True, text=True)
    same((done.returncode, "0 problems" in done.stderr), (0, True))
    api.start()


CASES = [a_ledger_written_now_serves_at_once, faults_name_the_field_in_the_language_of_the_reader,
         a_change_is_made_on_the_version_that_was_read, what_jinwu_sets_cannot_be_set_from_outside,
         removed_records_go_out_of_sight_and_come_back, lists_are_filtered_sorted_searched_and_paged,
         sensitive_values_are_masked_until_asked_for_and_then_on_record, what_may_not_be_read_is_not_there,
         a_form_knows_the_fields_and_what_may_be_done, many_changes_are_made_each_for_itself_or_all_or_none,
         groups_are_counted, files_go_in_once_and_out_through_a_record, the_openapi_document_is_valid_and_true, the_audit_chain_is_for_those_who_audit,
         a_broken_file_leaves_its_ledger_in_force_also_over_a_restart, the_chain_tells_of_everything]

if __name__ == "__main__":
    api = Api(os.environ.get("JW_TEST_DB"))
    good = all([case(run.__name__, run) for run in CASES])
    try:
        api.end()
    except AssertionError as why:
        good = case("jw-api ends without an error", lambda: (_ for _ in ()).throw(why)) and good
    sys.exit(0 if good else 1)

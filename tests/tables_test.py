"""Tables in and out of the ledgers, as a clerk meets them: over HTTPS and by the command line, with files that other programs
wrote, hostile ones, and a power failure in the middle. The same on SQLite and PostgreSQL."""

import base64
import http.client
import io
import json
import os
import random
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zipfile

from scenario import BUILD, SOURCE, case, free_port

DISKS = """
title: {zh: 移动存储介质, en: Portable storage}
unit: unit
fields:
  number: {title: {zh: 编号, en: Number}, type: text, pattern: 'YD-[0-9]{4,6}', example: YD-0001, required: true, unique: true}
  kind: {title: {zh: 类型, en: Kind}, type: choice, choices: {disk: 移动硬盘, stick: U盘}, default: stick}
  unit: {title: {zh: 领用单位, en: Unit}, type: unit}
  due_back: {title: {zh: 应还日期, en: Due}, type: date}
  phone: {title: {zh: 电话, en: Phone}, type: phone, sensitivity: sensitive}
rights:
  - {role: operator, may: [read, create, change, import, export]}
"""
LOCKED = """
title: 他人台账
fields:
  name: {title: 标题, type: text, required: true}
rights:
  - {role: operator, may: [read]}
"""
SHEET = ('<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
         "<sheetData>{}</sheetData></worksheet>")


def xlsx(sheet):
    """What another program would write, with this as its sheet."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", '<Relationships><Relationship Id="a" Type="x/officeDocument" '
                         'Target="xl/workbook.xml"/></Relationships>')
        archive.writestr("xl/workbook.xml", '<workbook xmlns:r="r"><sheets><sheet name="s" r:id="b"/></sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", '<Relationships><Relationship Id="b" Type="x/worksheet" '
                         'Target="sheet.xml"/></Relationships>')
        archive.writestr("xl/sheet.xml", sheet)
        archive.writestr("../../../tmp/evil", "x")
    return file.getvalue()


def row(*cells):
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells) + "</row>"


class Api:
    def __init__(self, db=None):
        self.folder = tempfile.mkdtemp(prefix="jw.", dir="/tmp")
        self.data, self.content = os.path.join(self.folder, "data"), os.path.join(self.folder, "content")
        os.makedirs(self.data)
        shutil.copytree(os.path.join(SOURCE, "content"), self.content)
        for name, text in (("mobile_disk", DISKS), ("locked", LOCKED)):
            with open(os.path.join(self.content, "ledgers", name + ".yaml"), "w", encoding="utf-8") as file:
                file.write(text)
        self.options = [f"--db={db}"] if db else []
        self.user, self.password, self.port = "admin", None, free_port()
        ready, tell = os.pipe()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "daemons/api/jw-api"), f"--data={self.data}", f"--content={self.content}",
             f"--listen=127.0.0.1:{self.port}", *self.options],
            stdout=subprocess.PIPE, stderr=open(os.path.join(self.folder, "log"), "a"), text=True, pass_fds=[tell],
            env={**os.environ, "JW_READY_FD": str(tell), "ASAN_OPTIONS": "detect_leaks=0"})
        os.close(tell)
        assert os.read(ready, 1), open(os.path.join(self.folder, "log")).read()
        os.close(ready)
        self.password = re.search(r"password (\S+)", self.process.stdout.readline()).group(1)
        self.new_password()
        made = self.ask("POST", "/accounts", {"name": "clerk"}, 201)
        for role in ("system_admin", "operator"):
            self.ask("POST", "/accounts/clerk/grants", {"role": role})
        self.user, self.password = "clerk", made["password"]
        self.new_password()

    def new_password(self):
        fresh = "Tables-of-a-test-7"
        self.ask("POST", "/password", {"old": self.password, "new": fresh})
        self.password = fresh

    def end(self):
        self.process.terminate()
        code = self.process.wait(30)
        log = open(os.path.join(self.folder, "log"), encoding="utf-8").read()
        shutil.rmtree(self.folder)
        assert code == 0 and "ERROR" not in log, log

    def ask(self, method, path, body=None, status=200, **headers):
        context = ssl.create_default_context(cafile=os.path.join(self.data, "tls/cert.pem"))
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=120, context=context)
        headers["Authorization"] = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            link.request(method, "/api/v1" + urllib.parse.quote(path, safe="/?&=%,:-*"), body, headers)
            answer = link.getresponse()
            raw = answer.read()
            self.headers = answer.headers
            assert answer.status == status, f"{method} {path}: {answer.status} {raw[:600].decode(errors='replace')}"
            return json.loads(raw) if re.match(r"application/json(;|$)", answer.headers["Content-Type"] or "") else raw
        finally:
            link.close()

    def preview(self, file, status=200, name="盘点.csv", ledger="mobile_disk"):
        if isinstance(file, str):
            file = file.encode()
        return self.ask("POST", f"/ledgers/{ledger}/import?name={name}", file, status)

    def accept(self, report, status=200, **body):
        return self.ask("POST", f"/ledgers/mobile_disk/import/{report['id']}/accept", body, status)

    def numbers(self):
        lines = self.ask("GET", "/ledgers/mobile_disk/export?format=json").decode().splitlines()
        return [json.loads(line)["fields"]["number"] for line in lines]


def same(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def counts(report):
    return [report[name] for name in ("rows", "new", "changed", "same", "wrong")]


def cells(report):
    return [error["cell"] for error in report["errors"]]


def a_template_opens_and_says_what_to_fill_in():
    file = api.ask("GET", "/ledgers/mobile_disk/template.xlsx")
    assert "filename*=UTF-8''%E7" in api.headers["Content-Disposition"], api.headers["Content-Disposition"]
    archive = zipfile.ZipFile(io.BytesIO(file))
    same(archive.testzip(), None)
    first = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "编号" in first and "移动硬盘,U盘" in first and 'state="frozen"' in first, first
    second = archive.read("xl/worksheets/sheet2.xml").decode()
    assert "YD-0001" in second and "2026-08-31" in second, second
    same(counts(api.preview(file)), [0, 0, 0, 0, 0])


def a_file_is_shown_first_and_written_when_accepted():
    report = api.preview("编号,类型,应还日期,电话\nYD-0001,移动硬盘,2026年8月31日,13800138000\nYD-0002,,31/31/2026,1\n")
    same((counts(report), cells(report)), ([2, 1, 0, 0, 1], ["C3", "D3"]))
    same(api.numbers(), [])
    refused = api.accept(report, 422)
    same(refused["error"]["code"] if "error" in refused else "", "invalid")
    same(api.numbers(), [])
    same(api.accept(report, good_only=True, why="盘点")["written"], 1)
    same(api.numbers(), ["YD-0001"])
    api.accept(report, 403, good_only=True)
    same(api.ask("GET", "/ledgers/mobile_disk/1/history")["versions"][0]["why"], "盘点")
    api.ask("POST", "/ledgers/mobile_disk/import/..%2f..%2fetc/accept", {}, 404)


def gbk_of_old_programs_and_semicolons_are_read():
    report = api.preview("编号;类型\nYD-0003;移动硬盘\n".encode("gb18030"))
    same(counts(report), [1, 1, 0, 0, 0])
    same(api.accept(report)["written"], 1)


def what_was_exported_comes_back_unchanged():
    for form in ("csv", "xlsx"):
        file = api.ask("GET", f"/ledgers/mobile_disk/export?format={form}")
        same(counts(api.preview(file)), [2, 0, 0, 2, 0])
    file = api.ask("GET", "/ledgers/mobile_disk/export?filter=number:eq:YD-0003")
    assert file.startswith(b"\xef\xbb\xbf") and "YD-0003" in file.decode() and "YD-0001" not in file.decode()
    file = api.ask("GET", "/ledgers/mobile_disk/export").decode()
    assert "13800138000" not in file and "138****8000" in file, file
    api.ask("GET", "/ledgers/mobile_disk/export?format=pdf", status=400)
    api.ask("GET", "/ledgers/mobile_disk/export?color=red", status=400)


def nobody_takes_out_or_in_what_may_not_be():
    api.ask("GET", "/ledgers/locked/export", status=403)
    api.preview("标题\n甲\n", 403, ledger="locked")
    api.preview("标题\n甲\n", 404, ledger="account_of_nobody")
    api.ask("GET", "/ledgers/account_of_nobody/export", status=404)


def hostile_files_are_refused_with_a_reason():
    head = row("编号", "类型")
    bomb = xlsx("<worksheet>" + " " * (600 << 20) + "</worksheet>")
    assert len(bomb) < 1 << 20
    for file, word in (
            (bomb, "unfolds"),
            (xlsx('<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'), None),
            (xlsx(SHEET.format(head + '<row><c r="XFD2"><v>1</v></c></row>')), "XFD2"),
            (xlsx(SHEET.format(head + row("x" * (10 << 20)))), "A2"),
            (b"a" + b"," * 1000000 + b"b\n", "1024"),
            (b"\xd0\xcf\x11\xe0" + b"\0" * 600, ".xls"),
            (b"PK\3\4" + b"\0" * 600, "XLSX")):
        answer = api.preview(file, 422 if word else 403, name="x.xlsx")
        assert not word or word in json.dumps(answer, ensure_ascii=False), answer
    assert not os.path.exists("/tmp/evil")


def formulas_come_in_as_values_and_go_out_as_text():
    sheet = SHEET.format(row("编号", "电话") + '<row><c t="str"><f>"YD-"&amp;"0009"</f><v>YD-0009</v></c></row>')
    report = api.preview(xlsx(sheet), name="f.xlsx")
    same((counts(report), len(report["notes"])), ([1, 1, 0, 0, 0], 1))
    report = api.preview("编号\n=1+1\n")
    same(cells(report), ["A2"])


def cli(*words, status=0):
    where = api.options or [f"--db={os.path.join(api.data, 'ledger/ledger.db')}"]
    done = subprocess.run([os.path.join(BUILD, "jinwu"), "ledger", *words, *where, f"--content={api.content}",
                           f"--data={api.data}"], capture_output=True, text=True, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert status is None or done.returncode == status, done
    return done


def the_command_line_does_the_same():
    path = os.path.join(api.folder, "in.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("Number,kind\nYD-0010,stick\nYD-0011,什么\n")
    assert "B3: " in cli("import", "mobile_disk", path, "--preview", status=1).stdout.replace('"cell":"B3"', "B3: ")
    cli("import", "mobile_disk", path, status=1)
    assert "YD-0010" not in api.numbers()
    cli("import", "mobile_disk", path, "--accept-good", status=1)
    assert "YD-0010" in api.numbers()
    same(len(cli("export", "mobile_disk", "number=YD-0010", "--format", "json").stdout.splitlines()), 1)
    cli("export", "mobile_disk", "colour=1", status=2)


def an_import_that_is_killed_is_there_whole_or_not_at_all():
    path = os.path.join(api.folder, "many.csv")
    before, seen = set(api.numbers()), set()
    for turn in range(6):
        names = [f"YD-{turn + 1}{i:05}"[:9] for i in range(3000)]
        with open(path, "w", encoding="utf-8") as file:
            file.write("编号\n" + "\n".join(names) + "\n")
        where = api.options or [f"--db={os.path.join(api.data, 'ledger/ledger.db')}"]
        process = subprocess.Popen([os.path.join(BUILD, "jinwu"), "ledger", "import", "mobile_disk", path, *where,
                                    f"--content={api.content}", f"--data={api.data}"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        if turn < 5:
            time.sleep(random.uniform(0.3, 6))
            process.send_signal(signal.SIGKILL)
        process.wait(200)
        there = set(api.numbers()) - before
        assert there in (set(), set(names)), f"turn {turn}: {len(there)} of {len(names)}"
        seen.add(len(there))
        before |= there
    assert 3000 in seen, seen


def every_row_is_in_the_chain():
    done = cli("verify")
    assert "0 problems" in done.stderr, done.stderr


CASES = [a_template_opens_and_says_what_to_fill_in, a_file_is_shown_first_and_written_when_accepted,
         gbk_of_old_programs_and_semicolons_are_read, what_was_exported_comes_back_unchanged,
         nobody_takes_out_or_in_what_may_not_be, hostile_files_are_refused_with_a_reason,
         formulas_come_in_as_values_and_go_out_as_text, the_command_line_does_the_same,
         an_import_that_is_killed_is_there_whole_or_not_at_all, every_row_is_in_the_chain]

api = Api(os.environ.get("JW_TEST_DB"))
good = all([case(run.__name__, run) for run in CASES])
try:
    api.end()
except AssertionError as why:
    good = case("jw-api ends without an error", lambda: (_ for _ in ()).throw(why)) and good
sys.exit(0 if good else 1)

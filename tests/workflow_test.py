"""Workflows as people meet them over HTTPS: four people take a rectification through its whole life, and a flow that is
written while jw-api runs is followed by the records of a ledger written beside it."""

import os
import re
import sys

from ledger_api_test import Api
from scenario import SOURCE, case

BORROW_LEDGER = """
title: {zh: 借用登记, en: Borrowing}
unit: unit
workflow: lending
fields:
  name: {title: 物品, type: text, required: true}
  unit: {title: 单位, type: unit}
  back_on: {title: 归还日期, type: date}
rights:
  - {role: security_manager, may: [read, create, change], where: units}
  - {role: staff, may: [read]}
"""
BORROW_FLOW = """
title: {zh: 借用, en: Borrowing}
states:
  asked: {title: 待批准, deadline: {working_days: 1}}
  out: {title: 借出}
  back: {title: 已归还, final: true}
steps:
  lend: {title: 批准借出, from: asked, to: out, who: {role: security_manager, at: above}}
  give_back: {title: 归还, from: out, to: back, who: maker, set: {back_on: =today}}
"""


class City:
    """市 > 县; four people with accounts of their own."""

    def __init__(self, api):
        self.api, self.people = api, {}
        api.user, api.password = "analyst", api.password
        self.city = api.make("organisation", name="市数据局", level="city")["id"]
        self.county = api.make("organisation", name="县数据局", level="county", parent=self.city)["id"]
        for name, unit, role in (("zhao", self.city, "security_manager"), ("wang", self.county, "security_manager"),
                                 ("li", self.county, None), ("sun", self.county, None)):
            self.add(name, unit, role)

    def add(self, name, unit, role):
        api = self.api
        person = api.make("person", name=name, unit=unit)["id"]
        password = api.ask("POST", "/accounts", {"name": name, "person": person}, 201)["password"]
        if role:
            api.ask("POST", f"/accounts/{name}/grants", {"role": role, "unit": unit})
        self.people[name] = {"id": person, "password": password}
        with self.being(name):
            api.new_password()
            self.people[name]["password"] = api.password

    def being(self, name):
        return Being(self, name)

    def ask(self, name, method, path, body=None, status=200):
        with self.being(name):
            return self.api.ask(method, path, body, status)


class Being:
    def __init__(self, city, name):
        self.city, self.name = city, name

    def __enter__(self):
        api = self.city.api
        self.before = api.user, api.password
        api.user, api.password = self.name, self.city.people[self.name]["password"]

    def __exit__(self, *_):
        self.city.api.user, self.city.api.password = self.before


def tasks(city, name, which="mine"):
    return city.ask(name, "GET", f"/tasks?which={which}")["tasks"]


def step(city, name, record, transition, status=200, **more):
    return city.ask(name, "POST", f"/ledgers/{record}/transitions", {"transition": transition, **more}, status)


def a_rectification_goes_from_notice_to_closing_by_four_people():
    people = city.people
    made = city.ask("zhao", "POST", "/ledgers/inspection_finding", {"fields": {
        "name": "办公网存在弱口令", "grade": "high", "unit": city.county, "owner": people["li"]["id"],
        "due": "2099-06-30"}}, 201)
    record = f"inspection_finding/{made['id']}"
    assert made["state"] == "issued", made
    flow = city.ask("wang", "GET", f"/ledgers/{record}/flow")
    assert flow["state"]["title"]["zh"] == "待签收" and flow["deadline"] and not flow["late"], flow
    assert [one["name"] for one in flow["transitions"] if one["allowed"]] == ["accept"], flow
    assert [one["name"] for one in tasks(city, "wang")] == ["办公网存在弱口令"], tasks(city, "wang")
    assert tasks(city, "sun") == []
    step(city, "sun", record, "accept", 404)  # not even to be seen
    step(city, "wang", record, "close", 403)
    step(city, "wang", record, "accept", version=made["version"])
    step(city, "wang", record, "accept", 403)
    answer = step(city, "li", record, "report", 422)
    assert answer["error"]["faults"][0]["field"] == "measure", answer
    step(city, "li", record, "report", 422, fields={"measure": "x", "status": "done"})
    step(city, "li", record, "report", fields={"measure": "已统一修改口令"})
    step(city, "li", record, "close", 403)
    step(city, "zhao", record, "return", 422)
    step(city, "zhao", record, "return", reason="证据不足")
    city.ask("zhao", "POST", f"/ledgers/{record}/urge", {"reason": "请尽快"})
    notices = city.ask("li", "GET", "/notices?unread=1")
    assert notices["unread"] and notices["notices"][0]["kind"] == "urge", notices
    city.ask("li", "POST", "/notices/read", {"ids": [one["id"] for one in notices["notices"]]})
    assert city.ask("li", "GET", "/notices")["unread"] == 0
    step(city, "li", record, "report", fields={"measure": "已修改并抽查"})
    city.ask("li", "POST", f"/ledgers/{record}/withdraw", {"reason": "附件忘了"})
    step(city, "li", record, "report")
    done = step(city, "zhao", record, "close")
    assert done["state"] == "closed" and done["fields"]["status"] == "done" and done["fields"]["closed"], done
    kinds = [one["kind"] for one in city.ask("zhao", "GET", f"/ledgers/{record}/flow")["steps"]]
    assert kinds == ["start", "step", "step", "step", "urge", "withdrawn", "withdraw", "step", "step"], kinds
    city.ask("wang", "PATCH", f"/ledgers/{record}", {"fields": {"measure": "改写历史"}}, 422)


def more_time_is_asked_for_and_granted():
    made = city.ask("zhao", "POST", "/ledgers/inspection_finding", {"fields": {
        "name": "防火墙策略过宽", "grade": "low", "unit": city.county, "owner": city.people["li"]["id"],
        "due": "2099-06-30"}}, 201)
    record = f"inspection_finding/{made['id']}"
    step(city, "wang", record, "accept")
    city.ask("li", "POST", f"/ledgers/{record}/extend", {"until": "2099-07-10", "reason": "等待采购"})
    city.ask("li", "POST", f"/ledgers/{record}/extend", {"decision": "grant"}, 403)
    assert "防火墙策略过宽" in [one["name"] for one in tasks(city, "zhao")]
    city.ask("zhao", "POST", f"/ledgers/{record}/extend", {"decision": "grant"})
    flow = city.ask("li", "GET", f"/ledgers/{record}/flow")
    assert flow["extended"] == 1 and flow["deadline"] // 86400000000 == 47307, flow  # until the end of 2099-07-10
    assert city.ask("li", "GET", "/notices")["notices"][0]["kind"] == "grant"
    city.ask("wang", "POST", f"/ledgers/{record}/delegate", {"person": city.people["sun"]["id"]})


def a_flow_written_while_it_runs_is_followed():
    os.makedirs(os.path.join(api.content, "workflows"), exist_ok=True)
    api.write("lending", BORROW_LEDGER)
    with open(os.path.join(api.content, "workflows/lending.yaml"), "w", encoding="utf-8") as file:
        file.write(BORROW_FLOW)
    api.reload()
    made = city.ask("wang", "POST", "/ledgers/lending", {"fields": {"name": "测试仪", "unit": city.county}}, 201)
    record = f"lending/{made['id']}"
    step(city, "wang", record, "lend", 403)
    step(city, "zhao", record, "lend")
    city.ask("wang", "PATCH", f"/ledgers/{record}", {"fields": {"back_on": "2020-01-01"}}, 422)
    assert step(city, "wang", record, "give_back")["state"] == "back"
    picture = city.ask("wang", "GET", "/workflows/lending.svg?state=out")
    assert picture.startswith(b"<svg") and "批准借出".encode() in picture
    assert "lending" in [one["name"] for one in city.ask("sun", "GET", "/workflows")["workflows"]]


def first_block(name):
    with open(os.path.join(SOURCE, "docs", name), encoding="utf-8") as file:
        return re.search(r"```yaml\n(.*?)```", file.read(), re.S).group(1)


def the_first_workflow_of_the_handbook_works():
    api.write("mobile_disk", first_block("ledgers.md").replace("owner: holder\n", "owner: holder\nworkflow: borrowing\n", 1))
    with open(os.path.join(api.content, "workflows/borrowing.yaml"), "w", encoding="utf-8") as file:
        file.write(first_block("workflows.md"))
    api.reload()
    assert "borrowing.yaml:" not in api.log() and "mobile_disk.yaml:" not in api.log(), api.log()
    made = city.ask("wang", "POST", "/ledgers/mobile_disk", {"fields": {
        "number": "YD-0001", "unit": city.county, "holder": city.people["li"]["id"], "due_back": "2099-01-01"}}, 201)
    assert made["state"] == "asked", made
    step(city, "wang", f"mobile_disk/{made['id']}", "lend", 403)  # who asked does not approve
    assert step(city, "zhao", f"mobile_disk/{made['id']}", "lend")["state"] == "out"
    step(city, "zhao", f"mobile_disk/{made['id']}", "give_back", 422)  # the serial number is missing
    done = step(city, "zhao", f"mobile_disk/{made['id']}", "give_back", fields={"serial": "SN-7"})
    assert done["state"] == "back", done


def a_broken_flow_leaves_the_one_that_was_good():
    path = os.path.join(api.content, "workflows/lending.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(BORROW_FLOW.replace("to: out", "to: nowhere"))
    api.reload()
    assert 'there is no state "nowhere"' in api.log()
    made = city.ask("wang", "POST", "/ledgers/lending", {"fields": {"name": "交换机", "unit": city.county}}, 201)
    step(city, "zhao", f"lending/{made['id']}", "lend")


api = Api(os.environ.get("JW_TEST_DB"))
city = City(api)
good = all([case(test.__name__, test) for test in (
    a_rectification_goes_from_notice_to_closing_by_four_people, more_time_is_asked_for_and_granted,
    a_flow_written_while_it_runs_is_followed,
    the_first_workflow_of_the_handbook_works, a_broken_flow_leaves_the_one_that_was_good)])
api.end()
sys.exit(0 if good else 1)

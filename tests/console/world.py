"""A small city to look at through the console: events and alerts of a day, people with roles, records. All of it goes in by
the doors that a city uses; nothing is written behind the platform's back."""

import base64
import datetime
import glob
import json
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from scenario import SOURCE, Platform, wait_for  # noqa: E402
from web import Browser  # noqa: E402

PASSWORD = "Guard-the-capital-8"
DAY = 86400
HOSTS = ["portal-01", "mail-01", "db-01", "oa-02", "gis-app-03", "jump-01", "hr-01"]
PLACES = ["10.1.4.21", "10.1.7.8", "10.2.3.14", "10.3.9.40", "172.16.1.10", "172.16.1.25", "172.16.2.10", "192.168.5.31"]
OUTSIDE = ["203.0.113.77", "198.51.100.23", "192.0.2.140", "2001:db8:5::9"]


def moment(seconds_ago):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def ordinary(chance, ago):
    """What goes on in a network all day."""
    place, outside = chance.choice(PLACES), chance.choice(OUTSIDE)
    kind = chance.random()
    event = {"@timestamp": moment(ago), "host.name": chance.choice(HOSTS), "host.ip": place}
    if kind < 0.4:
        path = chance.choice(["/", "/zwfw/index.html", "/api/v2/items?page=3", "/static/main.css", "/login"])
        event |= {"event.dataset": "nginx.access", "event.category": "web", "source.ip": outside, "http.request.method": "GET",
                  "url.original": path, "http.response.status_code": chance.choice([200, 200, 200, 304, 404]),
                  "message": f"{outside} - - \"GET {path} HTTP/1.1\" 200"}
    elif kind < 0.75:
        event |= {"event.dataset": "firewall.traffic", "event.category": "network", "event.action": chance.choice(["accept", "accept", "deny"]),
                  "source.ip": place, "destination.ip": chance.choice(PLACES), "destination.port": chance.choice([80, 443, 53, 22, 3306]),
                  "network.transport": "tcp", "message": f"session from {place} closed, 42 packets"}
    else:
        user = chance.choice(["zhang.min", "li.qiang", "wang.fang", "deploy"])
        event |= {"event.dataset": "system.auth", "event.category": "authentication", "event.action": "ssh_login",
                  "event.outcome": chance.choice(["success", "success", "failure"]), "user.name": user, "source.ip": place,
                  "message": f"Accepted publickey for {user} from {place} port 50022 ssh2"}
    return event


def attacks(chance):
    """The samples of the rules, each at some time of the day, from addresses of the sample plan."""
    for file in sorted(glob.glob(os.path.join(SOURCE, "content/rules/*/*.events"))):
        with open(file, encoding="utf-8") as lines:
            samples = [one for one in map(json.loads, filter(str.strip, lines)) if "event" in one]
        for _ in range(chance.choice([1, 1, 2, 3])):
            ago, place, outside = chance.uniform(300, DAY * 0.96), chance.choice(PLACES), chance.choice(OUTSIDE)
            for i, sample in enumerate(samples):
                event = {**sample["event"], "@timestamp": moment(ago - i * 5), "host.ip": place}
                if event.get("source.ip", "").startswith("203.0.113"):
                    event["source.ip"] = outside
                yield ago - i * 5, event


def send(jinwu, events):
    """By the Elasticsearch door, as shippers send."""
    name, secret = jinwu.key("city")
    key = "ApiKey " + base64.b64encode(f"{name}:{secret}".encode()).decode()
    for begin in range(0, len(events), 2000):
        lines: list[str] = []
        for event in events[begin:begin + 2000]:
            lines += ['{"create":{"_index":"logs-city-default"}}', json.dumps(event)]
        status, body = jinwu.request("POST", "/_bulk", "\n".join(lines) + "\n", {"Authorization": key, "Content-Type": "application/x-ndjson"}, 60)
        assert status == 200 and not json.loads(body)["errors"], body[:500]


UNITS = [("示例市数据局", None), ("示例市公安局", 1), ("示例市卫生健康委", 1), ("示例市教育局", 1), ("示例市第一人民医院", 3)]
PEOPLE = [("林薇", 1), ("陈国强", 1), ("周敏", 2), ("何建华", 3), ("吴晓燕", 4)]
SERVERS = [("政府门户网站一号", "172.16.1.30", 1, "core"), ("政务邮箱", "172.16.1.31", 1, "important"), ("人口库主机", "172.16.2.32", 2, "core"),
           ("电子病历应用", "10.2.3.33", 3, "important"), ("学籍管理系统", "10.3.9.34", 4, "common"), ("视频会议网关", "10.1.4.35", 2, "common")]


def keep_records(admin, web):
    for name, above in UNITS:
        fields = {"name": name, "level": "department"} | ({"parent": above} if above else {})
        admin.post("/ledgers/organisation", {"fields": fields}, 201)
    for name, unit in PEOPLE:
        web.post("/ledgers/person", {"fields": {"name": name, "unit": unit}}, 201)
    for i, (name, ip, unit, grade) in enumerate(SERVERS):
        web.post("/ledgers/server", {"fields": {"name": name, "ip": ip, "unit": unit, "owner": i % len(PEOPLE) + 1, "grade": grade,
                                                "os": "Kylin V10", "cores": 16, "memory": 64}}, 201)
    changed = {"fields": {"cores": 32, "grade": "core", "domestic": True}, "why": "扩容并完成国产化替代"}
    web.ask("PATCH", "/ledgers/server/1", changed)


def account(admin, name, *roles):
    """A new account; its first password."""
    made = admin.post("/accounts", {"name": name}, 201)
    for role in roles:
        admin.post(f"/accounts/{name}/grants", {"role": role})
    return made["password"]


class City(Platform):
    """A platform with a day behind it. `first`: the first password of the analyst, who has not logged in yet."""

    def __init__(self, count=4000):
        super().__init__(arguments=["--demo"])
        self.count_of_events = count

    def settle(self):
        chance = random.Random(8)
        authority = os.path.join(self.data, "tls/cert.pem")
        admin = Browser(self.port["https"], authority)
        admin.login("admin", self.password)
        self.first = account(admin, "lin.wei", "system_admin", "operator")
        keeper = Browser(self.port["https"], authority)
        first = account(admin, "keeper", "operator", "head_of_operations")
        keeper.login("keeper", first)
        keeper.post("/password", {"old": first, "new": PASSWORD})
        keeper.login("keeper", PASSWORD)
        account(admin, "auditor", "audit_admin")
        keep_records(admin, keeper)
        mixed = [(ago, ordinary(chance, ago)) for ago in (abs(chance.gauss(DAY * 0.45, DAY * 0.25)) % (DAY * 0.98) for _ in range(self.count_of_events))]
        mixed += list(attacks(chance))
        send(self, [event for _, event in sorted(mixed, key=lambda one: -one[0])])
        everything = len(mixed)
        wait_for(lambda: keeper.get("/search?count=true")["total"] >= everything, 60, 0.3)
        wait_for(lambda: keeper.get("/search?in=alerts&count=true")["total"] >= 20, 30, 0.3)
        return self

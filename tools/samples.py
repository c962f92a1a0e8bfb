#!/usr/bin/env python3
"""Writes content/samples: a fictional city for `jinwu up --demo`, from the declarations of the bundled ledgers.

Use: build/jinwu ledger fields --json | tools/samples.py     rewrites content/samples/NNN_LEDGER.csv

Nothing in it is real: places are 样例市 and the ten stems, persons are numbered, addresses are private ones, companies are
样例公司, region codes begin with 999. Days are relative (+7d), so that a deadline is near whenever the demo starts. Run it
again when a ledger changes; the test of the samples says when one no longer fits.
"""

import csv
import json
import os
import sys

CONTENT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "content")
OUT = os.path.join(CONTENT, "samples")
STEMS = "甲乙丙丁戊己庚辛壬癸"
DEPARTMENTS = """政府办公室 数据局 发展和改革局 教育局 科技局 工业和信息化局 公安局 民政局 司法局 财政局 人力资源和社会保障局 自然资源局
生态环境局 住房和城乡建设局 交通运输局 水利局 农业农村局 商务局 文化和旅游局 卫生健康局 退役军人事务局 应急管理局 审计局 市场监督管理局
统计局 医疗保障局 信访局 国有资产监督管理局 林业局 城市管理局 机关事务中心 政务服务中心 公共资源交易中心 大数据中心 网络安全运营中心 疾病预防控制中心
中心血库 中心气象台 档案馆 广播电视台""".split()
COUNTY_UNITS = "政府办公室 政务数据局 教育局 公安分局 民政局 财政局 人社局 住建局 交通局 卫健局 应急局 市场监管局 水利局 农业农村局 政务服务中心 融媒体中心".split()
SECTORS = {"教育局": "教育", "卫生健康局": "卫生健康", "疾病预防控制中心": "卫生健康", "中心血库": "卫生健康", "水利局": "水利", "交通运输局": "交通"}
NAMES = {
    "post": ["网络安全联络员", "系统管理员", "安全管理员", "审计管理员", "数据管理员", "机房值班员", "应急值守员", "首席数据官", "开发管理岗", "外包管理岗"],
    "supplier": ["样例云服务有限公司", "样例安全技术有限公司", "样例软件开发有限公司", "样例系统集成有限公司", "样例测评有限公司", "样例运维有限公司", "样例数据科技有限公司", "样例通信有限公司"],
    "system": ["政务服务一体化平台", "协同办公系统", "政府门户网站", "社保业务系统", "医保结算系统", "不动产登记系统", "学籍管理系统", "水文监测系统", "公交调度系统",
               "财政一体化系统", "视频会议系统", "数据共享交换平台", "城市运行管理平台", "环境监测平台", "审批电子证照库", "信访受理系统"],
    "server": ["应用服务器", "数据库服务器", "前置机", "备份服务器", "日志服务器", "中间件服务器"],
    "network_device": ["出口防火墙", "核心交换机", "入侵防御", "Web应用防火墙", "堡垒机", "日志审计", "汇聚交换机"],
    "terminal": ["办公终端", "窗口终端", "值班终端", "会议室终端"],
    "video_source": ["南门摄像机", "机房摄像机", "大厅摄像机", "停车场摄像机"],
    "vulnerability": ["远程代码执行漏洞", "弱口令", "SQL注入漏洞", "未授权访问", "组件版本过低", "跨站脚本漏洞", "敏感信息泄露", "中间件反序列化漏洞", "证书即将过期", "管理端口对互联网开放"],
    "inspection_finding": ["日志留存不足六个月", "未开启多因素认证", "未按时备份", "账号未定期清理", "应急预案未演练", "终端未装防护软件"],
    "certificate_key": ["门户网站服务器证书", "接口平台证书", "邮件网关证书", "签名验签密钥", "VPN网关证书", "数据库加密密钥"],
    "risk": ["数据过度授权", "单链路无备份", "外包人员权限过大", "老旧系统无法升级", "勒索软件", "供应链中断"],
    "drill": ["勒索软件应急演练", "门户网站篡改演练", "数据泄露桌面推演", "断网切换演练"],
    "training": ["新入职网络安全培训", "钓鱼邮件识别培训", "密码应用培训", "应急值守培训"],
    "emergency_plan": ["网络安全事件总体预案", "数据安全事件预案", "门户网站应急预案"],
    "policy_document": ["网络安全管理办法", "数据分类分级规范", "账号管理规定", "外包人员管理办法", "应急值守制度"],
    "meeting": ["网络安全工作例会", "整改协调会", "应急值守调度会"],
    "data_catalogue": ["企业基本信息", "不动产登记信息", "社保参保信息", "学生学籍信息", "水位监测数据"],
    "contact": ["网络安全值班电话", "公共数据应急联系人", "运营商故障台", "云平台服务台"],
    "machine_room": ["市政务数据机房", "甲县机房", "灾备机房"],
    "service_catalogue": ["漏洞扫描服务", "渗透测试服务", "应急响应服务", "日志分析服务"],
}
LONG = {"measure": "升级到安全版本，限制来源地址，完成后复测。", "duty": "负责本岗位日常工作。", "security_duty": "负责本岗位的网络和数据安全。",
        "note": "样例数据，可整体删除。", "content": "样例内容：按计划完成，材料齐备。", "solution": "隔离主机，取证，清除，恢复，复盘。",
        "problem": "现象、影响范围和发现时间见正文。", "summary": "样例线索概述。", "text": "样例责任书正文。", "scope": "限所列系统的运行维护。",
        "business_chain": "受理、审核、办结、归档。", "items": "姓名、证件类型、联系方式（均为样例）。"}
LATER = {"fixed", "left", "merged_into", "replaces", "reclaim", "answered", "standby", "parent", "retested", "major_found", "major_reported"}
FUTURE = ("due", "until", "expires", "next", "review", "warranty", "migration", "reclaim", "by_day")
SOON = [-20, 3, -3, 7, 1, 30, 14, 90, 5, 60]


def credit_code(number):
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    text = f"91999900{number:09d}"
    total = sum(signs.index(sign) * pow(3, i, 31) for i, sign in enumerate(text))
    return text + signs[(31 - total % 31) % 31]


def organisation():
    rows = [dict(name="样例市", level="市级", division="999900", duty_phone="12345", code=credit_code(1))]
    for i, name in enumerate(DEPARTMENTS):
        rows.append(dict(name="样例市" + name, parent="样例市", level="市直部门", sector=SECTORS.get(name, "政务"),
                         short_name=name[:6], code=credit_code(2 + i), address=f"样例市样例路{i + 1}号"))
    for i, stem in enumerate(STEMS):
        county = f"样例{stem}县"
        rows.append(dict(name=county, parent="样例市", level="县（市、区）", division=f"9999{i + 21}", code=credit_code(100 + i)))
        for unit in COUNTY_UNITS:
            rows.append(dict(name=county + unit, parent=county, level="县直单位", sector="政务"))
        for town in range(1, 21):
            name = f"{county}第{town}镇"
            rows.append(dict(name=name, parent=county, level="镇（街道）"))
            rows += [dict(name=f"{name}第{village}村", parent=name, level="村（社区）") for village in range(1, 5)]
    for row in rows:
        row["note"] = "样例"
    return rows


class City:
    def __init__(self, fields):
        self.fields = fields
        self.names, self.persons, self.turn, self.taken = {}, {}, {}, 0
        self.units = ["样例市" + name for name in DEPARTMENTS] + [f"样例{stem}县政务数据局" for stem in STEMS]

    def next(self, what, choices):
        self.turn[what] = self.turn.get(what, -1) + 1
        return choices[self.turn[what] % len(choices)]

    def number(self, field):
        options = field["options"]
        usual = {"year": 2026, "port": 443, "sent": 200, "opened": 90, "clicked": 12, "submitted": 3, "reported": 40, "passed": 86,
                 "failed": 7, "expected": 60, "attended": 55, "rated": 1000, "vlan": 110, "cores": 16, "memory": 64, "records": 120000,
                 "amount": 80, "score": 82, "quality": 85, "security": 80, "response": 88}.get(field["field"], 3)
        value = usual + self.next(field["ledger"] + field["field"], [0, 1, 2])
        if field["field"] in ("year",):
            value = 2026
        return min(max(value, options.get("least", value)), options.get("most", value))

    def day(self, field):
        name = field["field"]
        key = field["ledger"] + "due"
        if any(word in name for word in FUTURE):
            return f"{self.next(key, SOON):+d}d"
        if name in ("planned", "from_day", "day", "begins"):
            return f"{self.next(key, SOON) - 20:+d}d"
        return f"{-30 - 11 * self.next(field['ledger'] + 'past', range(9)):+d}d"

    def reference(self, ledger, many):
        names = self.names.get(ledger) or []
        if not names:
            return ""
        first = self.next("ref " + ledger, names)
        return f"{first}、{self.next('ref ' + ledger, names)}" if many and len(names) > 3 else first

    def person(self, field, unit, row):
        own = self.persons.get(unit) or sorted(sum(self.persons.values(), []))
        others = [name for name in own if name not in row.values()]
        return others[0] if others and not field["owner"] else own[0] if field["owner"] else ""

    def leaf(self, choices):
        word, label = next(iter(choices.items()))
        if isinstance(label, dict) and "under" in label:
            return word + "/" + self.leaf(label["under"])
        return word

    def value(self, field, unit, row):
        kind, name, options = field["type"], field["field"], field["options"]
        self.taken += 1
        if kind in ("choice", "choices"):
            labels = [label if isinstance(label, str) else label["zh"] for label in options["choices"].values()]
            return self.next(field["ledger"] + name, labels)
        simple = {"unit": lambda: unit, "number": lambda: self.number(field), "decimal": lambda: self.number(field), "date": lambda: self.day(field),
                  "datetime": lambda: self.day(field) + " 09:00", "time": lambda: "08:30", "duration": lambda: "4小时",
                  "boolean": lambda: self.next(field["ledger"] + name, ["是", "是", "否"]), "tree": lambda: self.leaf(options["choices"]),
                  "ip": lambda: f"10.{self.taken // 62500 + 9}.{self.taken // 250 % 250}.{self.taken % 250 + 1}",
                  "cidr": lambda: f"10.{self.next('cidr', range(20, 250))}.0.0/16", "mac": lambda: f"02:00:00:00:{self.taken // 256 % 256:02x}:{self.taken % 256:02x}",
                  "url": lambda: f"https://s{self.taken}.example.com/", "email": lambda: f"u{self.taken}@example.com", "phone": lambda: "12345",
                  "geo": lambda: f"24.{self.taken % 900 + 100}, 113.{self.taken % 900 + 100}", "long_text": lambda: LONG.get(name, "样例"),
                  "person": lambda: self.person(field, unit, row), "reference": lambda: self.reference(options["ledger"], False),
                  "references": lambda: self.reference(options["ledger"], True), "credit_code": lambda: credit_code(5000 + self.taken)}
        if kind in simple:
            return simple[kind]()
        if kind != "text":
            return ""
        if field["ledger"] == "vulnerability" and name == "number":
            return f"CNVD-2099-{self.taken:05d}"
        if "pattern" in options:
            return options.get("example", "")
        return f"YL-{field['ledger'][:3].upper()}-{self.taken:05d}" if field["unique"] or name in ("number", "serial") else options.get("example", "样例")

    def rows(self, ledger):
        titles = NAMES.get(ledger) or [TITLES[ledger] + "一", TITLES[ledger] + "二", TITLES[ledger] + "三", TITLES[ledger] + "四"]
        count = {"server": 40, "terminal": 60, "network_device": 24, "vulnerability": 40, "system": 16, "video_source": 20}.get(ledger, len(titles))
        out = []
        for i in range(max(count, 3)):
            unit = self.next("unit " + ledger, self.units)
            title = titles[i % len(titles)]
            name = title if title.startswith("样例") else "样例" + title
            if count > len(titles):
                name += f"{i // len(titles) + 1:02d}号"
            row = {}
            for field in self.fields[ledger]:
                if field["type"] in ("computed", "attachment") or field["field"] in LATER and not field["required"]:
                    continue
                row[field["field"]] = name if field["field"] == "name" else self.value(field, unit, row)
            out.append(row)
        self.names[ledger] = [row["name"] for row in out]
        return out

    def staff(self):
        out = []
        for i in range(3 * len(self.units)):
            unit, name = self.units[i // 3], f"样例人员{i + 1:03d}"
            self.persons.setdefault(unit, []).append(name)
            out.append(dict(name=name, unit=unit, post=self.reference("post", False), kind=["公务员", "工作人员", "外包驻场"][i % 3],
                            office_phone="12345", email=f"person{i + 1:03d}@example.com", skills=["网络安全", "数据安全", "应急响应"][i % 3],
                            active="是", joined=f"-{400 + i * 7}d", note="样例"))
        self.names["person"] = [row["name"] for row in out]
        return out


def ordered(fields):
    """What others point to comes first; what points in a circle points later."""
    done = ["organisation", "post", "person", "supplier", "system", "machine_room"]
    rest = sorted(set(fields) - set(done))

    def is_free(ledger, all_of_them):
        return all(field["options"].get("ledger", "person") in done + [ledger]
                   for field in fields[ledger] if all_of_them or field["required"])

    while rest:
        free = [ledger for ledger in rest if is_free(ledger, True)] or [ledger for ledger in rest if is_free(ledger, False)]
        done += free
        rest = [ledger for ledger in rest if ledger not in free]
    return done


def write(number, ledger, rows):
    heads = list(dict.fromkeys(head for row in rows for head in row if row[head] not in (None, "")))
    with open(os.path.join(OUT, f"{number:03d}_{ledger}.csv"), "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(heads)
        table.writerows([[row.get(head, "") for head in heads] for row in rows])


TITLES = {}


def main():
    fields = {}
    for line in sys.stdin:
        field = json.loads(line)
        fields.setdefault(field["ledger"], []).append(field)
    for file in os.listdir(os.path.join(CONTENT, "ledgers")):
        if file.endswith(".yaml"):
            with open(os.path.join(CONTENT, "ledgers", file), encoding="utf-8") as text:
                title = next(line for line in text if line.startswith("title:"))
            TITLES[file[:-5]] = title.split("zh:")[1].split(",")[0].strip(" {}'\n")
    os.makedirs(OUT, exist_ok=True)
    for old in os.listdir(OUT):
        if old.endswith(".csv"):
            os.unlink(os.path.join(OUT, old))
    city = City(fields)
    for i, ledger in enumerate(ordered(fields)):
        rows = organisation() if ledger == "organisation" else city.staff() if ledger == "person" else city.rows(ledger)
        write(10 * (i + 1), ledger, rows)
    heads = [row for row in organisation() if row.get("code")]
    write(990, "organisation", [dict(code=row["code"], contact=city.persons[row["name"]][0], leader=city.persons[row["name"]][1])
                                for row in heads if row["name"] in city.persons])


main()

"""A small city for tests of rights: what the files declare, values for every field, and a reading of docs/rights.md
that says who may do what. It shares no code with lib/rights: the matrix and the fields come from the program, all else
is here."""

import collections
import glob
import itertools
import json
import os
import re
import subprocess

from scenario import BUILD

Record = collections.namedtuple("Record", "ledger id place owner fields")
Holder = collections.namedtuple("Holder", "name roles person place")  # roles: ((role, place or ""), …)


def lines_of(folder, content, *words):
    where = ["--content", content] + (["--data", folder] if folder else [])
    done = subprocess.run([os.path.join(BUILD, "jinwu"), *words, "--json", *where], capture_output=True, text=True,
                          check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def fields_of_steps(content):
    """For each ledger the fields that its workflow writes; people cannot."""
    found = {}
    for path in glob.glob(os.path.join(content, "ledgers/*.yaml")):
        with open(path, encoding="utf-8") as file:
            flow = re.search(r"^workflow: (\w+)", file.read(), re.M)
        if flow:
            with open(os.path.join(content, "workflows", flow.group(1) + ".yaml"), encoding="utf-8") as file:
                sets = re.findall(r"^ +set: \{(.*)\}|, set: \{([^}]*)\}", file.read(), re.M)
            names = re.findall(r"(\w+):", " ".join(a + " " + b for a, b in sets))
            found[os.path.basename(path)[:-5]] = set(names)
    return found


class World:
    def __init__(self, folder, content):
        self.fields = collections.defaultdict(dict)  # ledger -> field -> declaration
        for line in lines_of(folder, content, "ledger", "fields"):
            self.fields[line["ledger"]][line["field"]] = line
        self.given = collections.defaultdict(set)  # ledger, field or None, act -> {(role, where)}
        for line in lines_of(folder, content, "rights", "matrix"):
            self.given[line["ledger"], line["field"], line["may"]].add((line["role"], line["where"]))
        roles = [line for line in lines_of(folder, content, "rights", "roles") if "role" in line]
        self.everybody = {line["role"] for line in roles if line["everybody"]}
        self.roles = [line["role"] for line in roles]
        self.steps = collections.defaultdict(list)  # ledger -> what its workflow declares
        for line in lines_of(None, content, "workflow", "steps"):
            self.steps[line["ledger"]].append(line)
        self.records = collections.defaultdict(dict)  # ledger -> id -> Record
        self.verdicts = {}
        self.numbers = itertools.count(1)
        self.written_by_steps = fields_of_steps(content)

    # --- who may ---------------------------------------------------------------------------------------------------
    def may(self, holder, act, ledger, place, owner, field=None):
        """Of one record; place None: is there any that it may be?"""
        key = (holder, act, ledger, place, owner, field)
        if key not in self.verdicts:
            self.verdicts[key] = any(
                self.stands(holder, where, at, place, owner) for role, where in self.given[ledger, field, act]
                for at in ([""] if role in self.everybody else [at for name, at in holder.roles if name == role]))
        return self.verdicts[key]

    @staticmethod
    def stands(holder, where, at, place, owner):
        near = at or holder.place
        if where == "own":
            return bool(holder.person) and (place is None or owner == holder.person)
        if where == "all":
            return not at or place is None or place.startswith(at)
        return bool(near) and (place is None or place == near or (where == "units" and place.startswith(near)))

    def of(self, holder, act, record, field=None):
        return self.may(holder, act, record.ledger, record.place, record.owner, field)

    def plain(self, holder, record, field):
        """As it is: open fields by reading, others by `sensitive`."""
        hidden = self.fields[record.ledger][field]["sensitivity"] != "open"
        return self.of(holder, "sensitive" if hidden else "read", record, field)

    def takes(self, holder, step, record):
        """A step from the first state, of a record that nobody here made."""
        def means(line):
            words = line.split()
            if words[0] == "role":
                return self.acts(holder, words[1], words[3], record.place)
            person = {"owner": record.owner, "person": record.fields.get(words[-1])}.get(words[0])
            return person is not None and person == holder.person
        listed = [[line for line in step[key].split(", ") if line] for key in ("who", "not")]
        return (step["start"] in step["from"].split(", ") and self.of(holder, "read", record) and
                any(map(means, listed[0])) and not any(map(means, listed[1])))

    def acts(self, holder, role, at, place):
        near = [given or holder.place for name, given in holder.roles if name == role]
        near += [holder.place] if role in self.everybody else []
        above = place[:place.rstrip(".").rfind(".") + 1] or place
        if at == "all" or not place:
            return bool(near)
        return any(there and {"units": place.startswith(there), "unit": place == there, "parent": above == there,
                              "above": above.startswith(there)}[at] for there in near)

    # --- values ----------------------------------------------------------------------------------------------------
    def order(self):
        """Ledgers behind those that their required references point to."""
        done, rest = ["organisation", "person"], sorted(set(self.fields) - {"organisation", "person"})
        while rest:
            ready = [name for name in rest if all(
                not f["required"] or f["options"].get("ledger", name) in done + [name]
                for f in self.fields[name].values())]
            done += ready
            rest = [name for name in rest if name not in ready]
            assert ready, rest
        return done

    def values(self, ledger, unit, person, mark, other=None):
        """One for each field that people fill in. `mark` stands in every text; `other` finds a record of a ledger."""
        given = {}
        for name, field in self.fields[ledger].items():
            if name in self.written_by_steps.get(ledger, ()):
                continue
            value = self.value(field, next(self.numbers), mark, unit, person, other)
            if value is not None:
                given[name] = value
        return given

    @staticmethod
    def value(field, n, mark, unit, person, other):
        options, kind = field["options"], field["type"]
        if kind in ("text", "long_text"):
            text = f"{mark}{field['field'][:8]}{n}"
            return options.get("example") if options.get("pattern") else text[:options.get("most", 100)]
        if kind in ("number", "decimal", "duration"):
            return min(max(options.get("least", 1), 1), options.get("most", 10))
        if kind in ("choice", "choices", "tree"):
            path, choices = [], options["choices"]
            while choices:
                word = next(iter(choices))
                path.append(word)
                choices = choices[word].get("under") if isinstance(choices[word], dict) else None
            return path if kind == "choices" else "/".join(path)
        if kind in ("reference", "references"):
            found = other(options["ledger"]) if other else None
            return found if kind == "reference" or found is None else [found]
        simple = {
            "unit": unit, "person": person, "boolean": True, "date": "2026-08-31", "datetime": "2026-08-31T01:30:00Z",
            "time": "09:30:00", "ip": f"10.{n // 62500}.{n // 250 % 250}.{n % 250 + 1}",
            "cidr": f"{100 + n // 62500}.{n // 250 % 250}.{n % 250}.0/24", "email": f"{mark}{n}@example.gov.cn",
            "mac": f"00:1a:2b:{n // 65536:02x}:{n // 256 % 256:02x}:{n % 256:02x}",
            "url": f"https://{mark}{n}.example.gov.cn/", "phone": f"139{n:08d}", "resident_id": resident_id(n),
            "credit_code": credit_code(n), "geo": {"lat": 24.8, "lon": 113.6}}
        return simple.get(kind)  # computed, attachment: nothing


def resident_id(n):
    head = f"{110105 + n // 60000}{1940 + n // 1000 % 60}1231{n % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return head + "10X98765432"[sum(int(c) * w for c, w in zip(head, weights)) % 11]


def credit_code(n):
    signs, head = "0123456789ABCDEFGHJKLMNPQRTUWXY", f"91440200{n:09d}"
    total = sum(signs.index(c) * pow(3, i, 31) for i, c in enumerate(head))
    return head + signs[(31 - total % 31) % 31]

#!/usr/bin/env python3
"""What an analyst does without a server: `jinwu detect` over files, `jinwu rules` to look at rules."""
import gzip, json, os, subprocess, sys, tempfile, traceback

SOURCE = os.environ.get("JW_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
BUILD = os.environ.get("JW_BUILD", os.path.join(SOURCE, "build"))
JINWU = os.path.join(BUILD, "jinwu")

RULES = """title: login failed
id: failed
name: login_failed
logsource: {product: jinwu}
detection: {s: {app.result: failed}, condition: s}
---
title: many failed logins
id: many
correlation:
    type: event_count
    rules: [login_failed]
    group-by: [app.user]
    timespan: 1h
    condition: {gte: 30}
---
title: the word
id: word
author: Li
level: high
logsource: {category: process_creation, product: windows}
detection: {s: {CommandLine|contains: evil}, f: {User: admin}, condition: s and not f}
"""


def run(*words, stdin=None):
    done = subprocess.run([JINWU, *words], capture_output=True, text=True, input=stdin, timeout=120)
    assert done.returncode in (0, 1, 2) and "Sanitizer" not in done.stderr, done.stderr
    return done


def put(name, text):
    path = os.path.join(FOLDER, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    (gzip.open if name.endswith(".gz") else open)(path, "wt").write(text)
    return path


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def login(user, second):
    return json.dumps({"@timestamp": "2026-11-20T10:%02d:%02dZ" % divmod(second, 60), "event.dataset": "app",
                       "app": {"user": user, "result": "failed"}}) + "\n"


def matches_stand_in_the_order_of_files_whatever_the_threads():
    for n in range(24):
        put(f"logs/{n:02}.json" + (".gz" if n % 3 else ""),
            "".join(login("li" if n % 2 else "wang", n * 40 + i) for i in range(400 if n == 0 else 40 - n)))
    outs = [run("detect", "--threads", str(n), "--rules", rules, "--all", os.path.join(FOLDER, "logs")).stdout
            for n in (1, 2, 7)]
    assert outs[0] and outs[0] == outs[1] == outs[2]
    found = [json.loads(line) for line in outs[0].splitlines()]
    events = [(m["file"], m["record"]) for m in found if m["rule.id"] == "failed"]
    assert len(events) == 400 + sum(40 - n for n in range(1, 24)) and events == sorted(events)
    assert {m["app.user"] for m in found if m["rule.id"] == "many"} == {"li", "wang"}


def a_correlation_sees_the_events_of_all_files_in_order():
    for n in range(6):
        put(f"few/{n}.json", "".join(login("li", n * 60 + i) for i in range(6)))
    for threads in ("1", "4"):
        hits = [m for m in lines(run("detect", "--threads", threads, "--rules", rules, os.path.join(FOLDER, "few")))]
        assert [(os.path.basename(m["file"]), m["record"], m["rule.id"]) for m in hits] == [("4.json", 6, "many")], hits


def cases_name_their_own_logsource():
    def case(label, event, rule="word", **source):
        return json.dumps({"_logsource": source, "_rule": rule, "_label": label, "event": event}) + "\n"
    process = {"product": "windows", "category": "process_creation"}
    path = put("cases.ndjson.gz", case(1, {"CommandLine": "an EVIL word", "User": "li"}, **process) +
               case(0, {"CommandLine": "an evil word", "User": "Admin"}, **process) +
               case(0, {"CommandLine": "an evil word"}, product="linux") + "not json\n" +
               case(1, {"CommandLine": "a word"}, **process))
    done = run("detect", "--format", "cases", "--rules", rules, path)
    assert [(m["record"], m["rule.id"]) for m in lines(done)] == [(1, "word")]
    assert "4 events (0 not understood, 1 damaged), 1 matches" in done.stderr
    assert "3 of 4 cases are answered as they are labelled" in done.stderr
    assert f"{path}:5: rule word does not match, and should" in done.stderr


def a_logsource_can_be_given():
    path = put("flat.json", '{"CommandLine": "evil"}\n')
    assert not lines(run("detect", "--rules", rules, path))
    given = run("detect", "--rules", rules, "--logsource", "product=windows,category=process_creation", path)
    assert [m["rule.id"] for m in lines(given)] == ["word"]
    assert run("detect", "--logsource", "windows", path).returncode == 2


def a_file_that_cannot_be_read_is_told_and_the_others_are_read():
    path = put("one.json", login("li", 0))
    broken = os.path.join(FOLDER, "broken.gz")
    open(broken, "wb").write(b"\x1f\x8b\x08broken")
    done = run("detect", "--rules", rules, "--all", broken, path)
    assert len(lines(done)) == 1 and done.returncode == 1 and "broken.gz: unknown header" in done.stderr


def a_name_that_is_not_there_is_told_and_the_others_are_read():
    path = put("there.json", login("li", 0))
    for words in (("parse",), ("detect", "--rules", rules, "--all")):
        done = run(*words, "/nowhere", path)
        assert len(lines(done)) == 1 and done.returncode == 1 and "/nowhere: No such" in done.stderr, (words, done.stderr)


def an_array_cut_between_two_events_is_told():
    path = put("cut array.json", "[" + login("li", 0) + "," + login("li", 1) + ",\n")
    done = run("parse", path)
    assert len(lines(done)) == 2 and done.returncode == 1 and "1 damaged" in done.stderr, done.stderr
    put("none/none.yml", RULES.split("---")[2].replace("evil", "nobody"))
    done = run("detect", "--rules", os.path.join(FOLDER, "none"), path)
    assert not lines(done) and done.returncode == 1 and "1 damaged" in done.stderr, done.stderr


def rules_are_listed_by_what_they_are():
    put("rules/filter.yml", "title: quiet\nlogsource: {product: windows}\n"
        "filter: {rules: [word], s: {User: quiet}, condition: not s}\n")
    folder = os.path.join(FOLDER, "rules")
    all_of = lines(run("rules", "list", folder))
    assert {r["rule.id"]: r["correlation"] for r in all_of} == {"failed": False, "many": True, "word": False}
    assert next(r for r in all_of if r["rule.id"] == "word")["filters"] == ["quiet"]
    for words, ids in ((("--level", "HIGH"), ["word"]), (("--author", "li"), ["word"]), (("--status", "stable"), []),
                       (("--logsource", "windows/process"), ["word"]), (("--title", "failed login"), ["many"])):
        assert [r["rule.id"] for r in lines(run("rules", "list", *words, folder))] == ids, words
    done = run("rules", "check", folder)
    assert done.returncode == 0 and "2 rules, 1 correlations and 1 filters loaded, 0 refused" in done.stderr


def an_explanation_says_which_part_does_not_hold():
    event = '{"CommandLine": "an Evil word", "User": "ADMIN"}\n{"CommandLine": "an evil word"}\n{"User": "li"}\n'
    source = ("--logsource", "product=windows,category=process_creation")
    told = lines(run("rules", "explain", *source, "--rules", rules, "word", "-", stdin=event))
    assert [t["matches"] for t in told] == [False, True, False]
    assert told[0]["because"] == 'f: User is "admin"'
    assert told[1]["because"] == 's: CommandLine contains "evil"; f: it is not so that User is "admin" (the event: no field User)'
    assert told[2]["because"] == 's: it is not so that CommandLine contains "evil" (the event: no field CommandLine)'
    condition = told[0]["condition"]
    assert (condition["true"], condition["kind"], [p["true"] for p in condition["parts"]]) == (False, "all", [True, False])
    assert condition["parts"][0]["event"] == 'CommandLine = "an Evil word"'
    done = run("rules", "explain", *source, "--record", "2", "--rules", rules, "word", "-", stdin=event)
    assert [t["record"] for t in lines(done)] == [2] and done.returncode == 0


def an_explanation_says_what_kind_of_event_is_wanted():
    told = lines(run("rules", "explain", "--rules", rules, "word", "-", stdin='{"CommandLine": "evil"}\n'))[0]
    assert not told["matches"] and not told["logsource"]["true"] and told["condition"]["true"]
    assert told["because"] == ("the event is not of the logsource product windows, category process_creation (its "
                               "condition would be true)")
    sysmon = next(k for k in told["logsource"]["kinds"] if "sysmon" in k["name"])
    assert [p["event"] for p in sysmon["parts"]] == ["no field Channel", "no field EventID"]


def an_explanation_of_a_correlation_is_that_of_its_rules():
    done = run("rules", "explain", "--rules", rules, "many", put("one.json", login("li", 0)))
    assert [t["rule.id"] for t in lines(done)] == ["failed"] and "is a correlation" in done.stderr
    assert run("rules", "explain", "--rules", rules, "nobody", "-", stdin="{}").returncode == 1


def a_file_that_ends_too_early_is_told():
    path = put("cut.json.gz", "".join(login("li", i) for i in range(2000)))
    whole = open(path, "rb").read()
    open(path, "wb").write(whole[:-4])
    done = run("parse", path)
    assert done.returncode == 1 and len(lines(done)) == 2000 and "1 damaged" in done.stderr, done.stderr


def a_pipe_in_the_place_of_a_file_is_refused():
    pipe = os.path.join(FOLDER, "pipe")
    os.mkfifo(pipe)
    for command in ("parse", "detect"):
        done = run(command, pipe)
        assert done.returncode == 1 and "pipe: no file" in done.stderr, (command, done.stderr)


def a_start_that_cannot_work_is_refused_with_its_line():
    data = os.path.join(FOLDER, "data")
    done = run("up", "--data", data, "--listen", "8443")
    assert done.returncode == 2 and "--listen 8443" in done.stderr, done.stderr
    for text, place in (("# ours\ncollectt: {}\n", "jinwu.yaml:2: no daemon is called collectt"),
                        ("\nloader:\ncollect: 514\n", "jinwu.yaml:3: collect wants a map")):
        put("data/jinwu.yaml", text)
        done = run("up", "--data", data)
        assert done.returncode == 1 and place in done.stderr, done.stderr
        assert "password" not in done.stdout, done.stdout  # it is shown once, so not to a start that fails


def a_time_that_cannot_be_is_told_with_those_that_can():
    for option in ("--from", "--to"):
        done = run("search", "a", option, "2262-01-01", "--data", FOLDER)
        assert done.returncode == 2 and "from 1678 to 2261" in done.stderr, done.stderr
    assert "no time" not in run("search", "a", "--from", "1678-01-01", "--to", "2261-12-31", "--data", FOLDER).stderr


def keys_of_a_mistyped_folder_are_not_an_empty_list():
    nowhere = os.path.join(FOLDER, "nowhere")
    for words in (("list",), ("revoke", "gate")):
        done = run("keys", *words, "--data", nowhere)
        assert done.returncode == 1 and "nowhere/state" in done.stderr and not os.path.exists(nowhere), done.stderr


TESTS = [keys_of_a_mistyped_folder_are_not_an_empty_list,
         rules_are_listed_by_what_they_are, an_explanation_says_which_part_does_not_hold,
         an_explanation_says_what_kind_of_event_is_wanted, an_explanation_of_a_correlation_is_that_of_its_rules,
         a_file_that_ends_too_early_is_told, a_pipe_in_the_place_of_a_file_is_refused,
         a_start_that_cannot_work_is_refused_with_its_line, a_time_that_cannot_be_is_told_with_those_that_can,
         matches_stand_in_the_order_of_files_whatever_the_threads, a_correlation_sees_the_events_of_all_files_in_order,
         cases_name_their_own_logsource, a_logsource_can_be_given,
         a_file_that_cannot_be_read_is_told_and_the_others_are_read,
         a_name_that_is_not_there_is_told_and_the_others_are_read, an_array_cut_between_two_events_is_told]

with tempfile.TemporaryDirectory() as FOLDER:
    rules = put("rules/all.yml", RULES)
    failed = 0
    for test in TESTS:
        try:
            test()
            print("ok", test.__name__)
        except Exception:
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print("FAIL", test.__name__)
    sys.exit(1 if failed else 0)

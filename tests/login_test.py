"""Logging in as people and attackers do it, over HTTPS: accounts, what they are granted, second factors, tokens, sessions.
The policy is content with short times. Two jw-api on one database where it matters."""

import base64
import hashlib
import hmac
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time

from people import Place, Server
from scenario import BUILD, case
from web import same

POLICY = """
password: {history: 2, forbidden: [Jinwu2026]}
sessions: {idle_seconds: 5, longest_seconds: 11, most: 2}
lockout: {tries: 4, address_tries: 100}
second_factor: {roles: [audit_admin]}
"""


def boss():
    """The first administrator, logged in again where the session has ended meanwhile."""
    admin.keep("Long-live-tests-7")
    return admin


def person(name, *roles):
    """An account that has its own password; its browser is logged in."""
    made = boss().post("/accounts", {"name": name}, 201)
    for role in roles:
        code, said = place.cli("grant", name, role)
        same((code, said), (0, ""))
    fresh = place.one.browser()
    fresh.login(name, made["password"])
    fresh.post("/password", {"old": made["password"], "new": "Own-password-7-" + name[::-1]})
    return fresh


def audit(text):
    """Entries whose action, object and detail contain `text`, by the database's own tools."""
    if "://" in place.db:
        return subprocess.run(["psql", place.db, "-Atc", "SELECT action, object, who, origin, detail FROM audit"],
                              capture_output=True, text=True).stdout.count(text)
    import sqlite3
    with sqlite3.connect(place.db) as link:
        return sum(text in "|".join(row) for row in link.execute("SELECT action, object, who, origin, detail FROM audit"))


def the_first_password_opens_nothing_but_its_change():
    browser = place.one.browser()
    browser.login("admin", place.first)
    assert browser.get("/me")["change_password"]
    for path in ("/accounts", "/search?q=a", "/keys", "/status", "/me/tokens", "/ledgers/person", "/roles"):
        same((path, browser.get(path, 403)["error"]["code"]), (path, "change_password"))
    for weak in ("short", "jinwu2026", "Admin-of-jinwu", "alllowercase", place.first):
        same(browser.post("/password", {"old": place.first, "new": weak}, 400)["error"]["code"], "weak_password")
    browser.post("/password", {"old": place.first, "new": "Long-live-tests-7"})
    assert not browser.get("/me")["change_password"]
    browser.get("/status")
    admin.login("admin", "Long-live-tests-7")


def nobody_learns_who_exists():
    said = set()
    for name in ("admin", "nobody", "a' OR '1'='1"):
        answer = place.one.browser("127.0.0.9").login(name, "wrong", 401)
        said.add(json.dumps(answer))
    same(len(said), 1)


def guessing_locks_the_account_for_that_address_and_it_shows():
    for _ in range(4):
        place.one.browser("127.0.0.5").login("admin", "guess", 401)
    locked = place.one.browser("127.0.0.5")
    locked.login("admin", "Long-live-tests-7", 429)
    assert 0 < int(locked.headers["Retry-After"]) <= 30
    (lock,) = [lock for lock in boss().get("/accounts/admin")["lockouts"] if lock["address"] == "127.0.0.5"]
    same(lock["failures"], 4)
    assert audit("lock|user/admin") == 1
    boss().post("/accounts/admin/unlock", {})
    place.one.browser("127.0.0.5").login("admin", "Long-live-tests-7")


def roles_are_separate_from_the_first_day():
    same(boss().post("/accounts/admin/grants", {"role": "operator"}, 409)["error"]["code"], "refused")  # to oneself
    made = boss().post("/accounts", {"name": "guard"}, 201)
    same(boss().post("/accounts/guard/grants", {"role": "security_admin"})["grants"][0]["role"], "security_admin")
    boss().post("/accounts/guard/reset", {}, 403)  # who resets it could log in as it
    boss().ask("PATCH", "/accounts/guard", {"subject": "x"}, 403)
    boss().post("/accounts", {"name": "li"}, 201)
    boss().post("/accounts/li/grants", {"role": "operator"}, 409)  # from now on that is the other one's business
    guard = place.one.browser()
    guard.login("guard", made["password"])
    guard.post("/password", {"old": made["password"], "new": "Keeps-its-word-7"})
    guard.post("/accounts/li/grants", {"role": "operator"})
    same(guard.post("/accounts/li/grants", {"role": "auditor"}, 409)["error"]["code"], "refused")  # conflict
    guard.post("/accounts/admin/grants", {"role": "audit_admin"}, 409)
    guard.post("/accounts/li/grants", {"role": "nothing"}, 409)
    guard.post("/accounts/nobody/grants", {"role": "operator"}, 404)
    guard.post("/accounts", {"name": "wang"}, 403)  # makes no accounts
    guard.get("/search?q=a", 403)
    guard.ask("DELETE", "/accounts/li/grants/operator")
    guard.ask("DELETE", "/accounts/li/grants/operator", status=404)
    assert audit("grant|user/li|guard|127.0.0.1") == 1


def a_kick_is_seen_within_two_seconds_by_every_server():
    two = Server(place, place.one.data)
    try:
        zhao = person("zhao", "operator")
        other = two.browser()
        other.cookie = zhao.cookie
        for browser in (zhao, other):
            browser.get("/me")
        (session,) = zhao.get("/me/sessions")["sessions"]
        assert session["current"] and session["origin"] == "127.0.0.1"
        guard = place.one.browser()
        guard.login("guard", "Keeps-its-word-7")
        assert session["id"] in [s["id"] for s in guard.get("/sessions")["sessions"]]
        zhao.ask("DELETE", "/sessions/" + session["id"], status=403)
        guard.ask("DELETE", "/sessions/" + session["id"])
        zhao.get("/me", 401)
        time.sleep(1.5)
        other.get("/me", 401)
    finally:
        two.stop()


def a_restart_ends_no_session():
    admin.login("admin", "Long-live-tests-7")
    place.one.stop()
    place.one.start()
    admin.get("/me")


def idle_and_old_sessions_end_and_the_third_pushes_out_the_first():
    idle, used = person("qian", "operator"), place.one.browser()
    used.login("qian", "Own-password-7-naiq")
    idle.get("/me")
    began = time.monotonic()
    while used.get("/me", None) and used.status == 200:
        time.sleep(0.5)
    assert 8 < time.monotonic() - began < 16, time.monotonic() - began  # its age, as it was never idle
    idle.get("/me", 401)
    three = [place.one.browser() for _ in range(3)]
    for browser in three:
        browser.login("qian", "Own-password-7-naiq")
    three[0].get("/me", 401)
    three[2].get("/me")


def disabled_accounts_and_taken_roles_are_out_at_once():
    sun = person("sun", "operator")
    sun.get("/roles")
    same(place.cli("revoke", "sun", "operator"), (0, ""))
    time.sleep(1.1)
    same(sun.get("/search?q=a", 403)["error"]["code"], "forbidden")
    boss().ask("DELETE", "/accounts/sun")
    sun.get("/me", 401)
    place.one.browser().login("sun", "Own-password-7-nus", 401)
    boss().ask("PATCH", "/accounts/sun", {"disabled": False})
    place.one.browser().login("sun", "Own-password-7-nus")


def code_of(secret, offset=0):
    counter = struct.pack(">Q", int(time.time()) // 30 + offset)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[19] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 10 ** 6:06}"


def a_second_factor_is_asked_for_and_each_code_is_good_once():
    zhou = person("zhou", "audit_admin")
    same(zhou.get("/status", 403)["error"]["code"], "wants_second_factor")  # the policy says so of this role
    got = zhou.post("/me/totp", {})
    assert got["uri"].startswith("otpauth://totp/jinwu:zhou?secret=" + got["secret"])
    zhou.post("/me/totp", {"code": "000000"}, 400)
    first = code_of(got["secret"], -1)
    codes = zhou.post("/me/totp", {"code": first})["recovery_codes"]
    same(len(set(codes)), 10)
    zhou.get("/status")
    zhou.post("/me/totp", {}, 409)  # in force: not replaced without being taken off
    browser = place.one.browser()
    answer = browser.login("zhou", "Own-password-7-uohz")
    assert answer["second"] == "totp" and not browser.cookie, answer
    for path in ("/me", "/status"):  # a ticket is no session
        browser.ask("GET", path, status=401, headers={"Authorization": "Bearer " + answer["ticket"]})
    browser.post("/login/totp", {"ticket": answer["ticket"], "code": first}, 401)  # replayed
    now = code_of(got["secret"])
    browser.post("/login/totp", {"ticket": "0" * 64, "code": now}, 401)
    browser.post("/login/totp", {"ticket": answer["ticket"], "code": now})
    browser.get("/status")
    browser.post("/login/totp", {"ticket": answer["ticket"], "code": codes[0]}, 401)  # and good once
    lost = place.one.browser()
    ticket = lost.login("zhou", "Own-password-7-uohz")["ticket"]
    lost.post("/login/totp", {"ticket": ticket, "code": now}, 401)
    lost.post("/login/totp", {"ticket": ticket, "code": codes[1].lower().replace("-", "")})
    ticket = lost.login("zhou", "Own-password-7-uohz")["ticket"]
    lost.post("/login/totp", {"ticket": ticket, "code": codes[1]}, 401)
    basic = "Basic " + base64.b64encode(b"zhou:Own-password-7-uohz").decode()
    same(place.one.browser().ask("GET", "/me", status=401, headers={"Authorization": basic})["error"]["code"],
         "second_factor")
    lost.post("/login/totp", {"ticket": ticket, "code": codes[2]})
    lost.ask("DELETE", "/me/totp", {"code": codes[3]}, 409)  # the role needs it
    same(place.cli("totp-off", "zhou", "--why", "lost"), (0, ""))
    assert audit('totp-off|user/zhou') == 1
    with open(place.db, "rb") if "://" not in place.db else open(os.devnull, "rb") as file:
        assert got["secret"].encode() not in file.read()


def guessing_codes_is_locked_out():
    wu = person("wu", "operator")
    secret = wu.post("/me/totp", {})["secret"]
    wu.post("/me/totp", {"code": code_of(secret, -1)})
    browser = place.one.browser("127.0.0.6")
    ticket = browser.login("wu", "Own-password-7-uw")["ticket"]
    for _ in range(4):
        browser.post("/login/totp", {"ticket": ticket, "code": "123456"}, 401)
    browser.post("/login/totp", {"ticket": ticket, "code": code_of(secret)}, 429)


def a_token_reaches_its_scope_and_no_further():
    zheng = person("zheng", "operator")
    for scope in ("", "read", "events.search", "read no.such", "read ledger:a/b", "write ledger:"):
        zheng.post("/me/tokens", {"label": "x", "scope": scope}, 400)
    secret = zheng.post("/me/tokens", {"label": "script", "scope": "read status.read ledger:server", "days": 7}, 201)["token"]
    program = place.one.browser()
    program.token = secret
    program.get("/status")
    program.get("/ledgers/server")
    for method, path in (("GET", "/ledgers/person"), ("POST", "/ledgers/server"), ("GET", "/search?q=a"), ("GET", "/me"),
                         ("GET", "/accounts"), ("POST", "/me/tokens"), ("POST", "/password"), ("GET", "/nothing")):
        same((path, program.ask(method, path, {} if method == "POST" else None, 403)["error"]["code"]), (path, "scope"))
    program.token = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    program.get("/status", 401)
    (token,) = zheng.get("/me/tokens")["tokens"]
    assert token["used"] and secret not in json.dumps(token)
    zheng.ask("DELETE", "/me/tokens/" + token["id"])
    program.token = secret
    program.get("/status", 401)


def the_machine_opens_what_nobody_else_can():
    code, said = place.cli("reset", "guard")
    same(code, 0)
    fresh = re.search(r"password\s+(\S+)", said).group(1)
    guard = place.one.browser()
    guard.login("guard", "Keeps-its-word-7", 401)
    guard.login("guard", fresh)
    guard.get("/accounts", 403)
    same(place.cli("grant", "guard", "audit_admin")[0], 1)  # a conflict is one here too
    same(place.cli("reset", "nobody")[0], 1)
    code, listed = place.cli("list", "--json")
    assert code == 0 and '"account":"guard"' in listed, listed
    assert audit("reset|user/guard") == 1


def a_broken_policy_leaves_the_former_in_force():
    path = os.path.join(place.content, "access.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("sessions: {idle_seconds: never}\n")
    place.one.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert "the policy stays as it was" in open(place.one.data + ".log").read()
    place.one.browser().login("admin", "Long-live-tests-7")


def the_audit_chain_is_whole():
    done = subprocess.run([os.path.join(BUILD, "jinwu"), "ledger", "verify", "--data", place.one.data, "--db", place.db,
                           "--content", place.content], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and " 0 problems" in done.stderr, done.stdout + done.stderr


place = Place(POLICY)
admin = place.one.browser()
good = all([case(run.__name__, run) for run in (
    the_first_password_opens_nothing_but_its_change, nobody_learns_who_exists,
    guessing_locks_the_account_for_that_address_and_it_shows, roles_are_separate_from_the_first_day,
    a_kick_is_seen_within_two_seconds_by_every_server, a_restart_ends_no_session,
    idle_and_old_sessions_end_and_the_third_pushes_out_the_first, disabled_accounts_and_taken_roles_are_out_at_once,
    a_second_factor_is_asked_for_and_each_code_is_good_once, guessing_codes_is_locked_out,
    a_token_reaches_its_scope_and_no_further, the_machine_opens_what_nobody_else_can,
    a_broken_policy_leaves_the_former_in_force, the_audit_chain_is_whole)])
place.end()
sys.exit(not good)

"""Coming in by what others vouch for: a real identity provider (OIDC) and everything it, or somebody between, could try."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "servers"))
from oidc import Key, Provider  # noqa: E402
from people import Place  # noqa: E402
from scenario import BUILD, case  # noqa: E402
from web import same  # noqa: E402

CALLBACK = "/api/v1/login/oidc/callback"


def start(browser):
    """Sends the browser to the provider: the address it is sent to. Its cookie is kept beside the session's."""
    browser.ask("GET", "/api/v1/login/oidc/start", status=302, raw=True)
    cookie = browser.headers["Set-Cookie"]
    assert cookie.startswith("__Host-jinwu-oidc=") and "HttpOnly" in cookie and "Secure" in cookie, cookie
    browser.flow = cookie.split(";")[0]
    return browser.headers["Location"]


def come_back(browser, code, state):
    page = browser.ask("GET", f"{CALLBACK}?code={code}&state={state}", raw=True, headers={"Cookie": browser.flow})
    assert 'http-equiv="refresh"' in page, page
    return page.split("url=")[1].split('"')[0]


def log_in(browser=None):
    """The whole way: the browser, and the path where it ends."""
    browser = browser or place.one.browser()
    return browser, come_back(browser, *provider.visit(start(browser)))


def refused(reason):
    browser, where = log_in()
    same((where, browser.cookie), ("/#outside-denied", None))
    log = open(place.one.data + ".log").read()
    assert any(one in log.splitlines()[-1] for one in reason.split("|")), f"{reason}: {log.splitlines()[-1]}"
    provider.claims, provider.header, provider.forge = {}, {}, None


def only_bound_people_come_in():
    same(place.one.browser().get("/login")["oidc"], True)
    refused("no account is bound to")
    admin.post("/accounts", {"name": "li", "password": False}, 201)
    admin.post("/accounts/li/grants", {"role": "operator"})
    bound = admin.ask("PATCH", "/accounts/li", {"subject": "1001"})
    same(bound["subject"], provider.issuer + " 1001")
    browser, where = log_in()
    same(where, "/")
    me = browser.get("/me")
    same((me["user"], me["roles"], me["change_password"]), ("li", ["operator"], False))
    place.one.browser().login("li", "", 401)  # and has no password
    admin.post("/accounts", {"name": "wang", "password": False}, 201)
    admin.ask("PATCH", "/accounts/wang", {"subject": "1001"}, 409)
    admin.ask("PATCH", "/accounts/li", {"disabled": True})
    refused("is disabled")
    admin.ask("PATCH", "/accounts/li", {"disabled": False})


def every_forged_token_is_refused():
    """Each with the state, code and verifier of a good login."""
    now, other = int(time.time()), Key(provider.folder)
    public = json.dumps(provider.key.public()).encode()
    for reason, claims, header, forge in (
            ("another issuer", {"iss": "http://127.0.0.1:1"}, {}, None),
            ("for somebody else", {"aud": "another"}, {}, None),
            ("for somebody else", {"aud": ["jinwu", "another"]}, {}, None),
            ("for somebody else", {"azp": "another"}, {}, None),
            ("nonce", {"nonce": "of-an-older-login"}, {}, None),
            ("has expired", {"exp": now - 120}, {}, None),
            ("another time", {"iat": now - 3600}, {}, None),
            ("another time", {"iat": now + 3600}, {}, None),
            ("not valid yet", {"nbf": now + 3600}, {}, None),
            ("names nobody", {"sub": ""}, {}, None),
            ("is not believed|is no JWS", {}, {"alg": "none"}, lambda _: b""),
            ("is not believed|is no JWS", {}, {"alg": "none"}, provider.key.sign),
            ("is not believed", {}, {"alg": "HS256"}, lambda text: hmac.new(public, text, hashlib.sha256).digest()),
            ("signature is wrong", {}, {}, lambda _: b"x" * 256),
            ("signature is wrong", {}, {}, other.sign),
            ("does not publish", {}, {"kid": "unknown"}, other.sign)):
        provider.claims, provider.header, provider.forge = claims, header, forge
        refused(reason)
    log_in()[0].get("/me")


def an_answer_belongs_to_the_browser_that_asked():
    victim, thief = place.one.browser(), place.one.browser()
    code, state = provider.visit(start(thief))
    start(victim)
    same(come_back(victim, code, state), "/#outside-denied")  # login CSRF: somebody else's answer
    same(come_back(victim, code, "x" * 43), "/#outside-denied")
    thief.flow = thief.flow[:-4] + "0000"
    same(come_back(thief, code, state), "/#outside-denied")  # the cookie was changed
    same(victim.cookie or thief.cookie, None)
    again = place.one.browser()
    code, state = provider.visit(start(again))
    same(come_back(again, code, state), "/")
    same(come_back(again, code, state), "/#outside-denied")  # a code is good once
    place.one.browser().ask("GET", CALLBACK, raw=True)
    place.one.browser().ask("GET", CALLBACK + "?error=access_denied&state=x", raw=True)


def keys_may_change():
    time.sleep(3.1)
    provider.rotate()
    log_in()[0].get("/me")


def a_second_factor_is_asked_for_here_too():
    browser, _ = log_in()
    secret = browser.post("/me/totp", {})["secret"]

    def code(offset):
        counter = (int(time.time()) // 30 + offset).to_bytes(8, "big")
        digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
        at = digest[19] & 15
        return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7fffffff) % 10 ** 6:06}"

    browser.post("/me/totp", {"code": code(-1)})
    again, where = log_in()
    assert where.startswith("/#ticket=") and not again.cookie, where
    again.post("/login/totp", {"ticket": where.split("=")[1], "code": code(0)})
    same(again.get("/me/sessions")["sessions"][0]["how"], "oidc+totp")


def ledger(kind, **fields):
    done = subprocess.run([os.path.join(BUILD, "jinwu"), "ledger", "put", kind, "--data", place.one.data, "--db", place.db,
                           "--content", place.content, "--json"], input=json.dumps(fields), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["id"]


def a_verified_address_may_stand_for_a_binding_but_never_of_an_administrator():
    unit = ledger("organisation", name="网信办", level="city")
    for number, name in (("2001", "zhao"), ("2002", "guard")):
        who = ledger("person", name=name, unit=unit, email=name + "@example.gov.cn")
        admin.post("/accounts", {"name": name, "password": False, "person": who}, 201)
    admin.post("/accounts/guard/grants", {"role": "security_admin"})
    place.one.stop()
    place.one.options += ("--oidc-match=email",)
    place.one.start()
    provider.person = {"sub": "2001", "email": "zhao@example.gov.cn", "email_verified": False}
    refused("no account is bound")
    provider.person["email_verified"] = True
    same(log_in()[0].get("/me")["user"], "zhao")
    provider.person = {"sub": "2003", "email": "zhao@example.gov.cn", "email_verified": True}
    refused("bound to somebody else")  # the address went to another person
    provider.person = {"sub": "2002", "email": "guard@example.gov.cn", "email_verified": True}
    refused("administrator")


def a_provider_that_is_away_takes_nothing_with_it():
    log_in_page = place.one.browser()
    provider.server.shutdown()
    provider.server.server_close()
    browser = place.one.browser()
    code, state = "x", "y"
    start(browser)  # the way there is known already
    same(come_back(browser, code, state), "/#outside-denied")
    log_in_page.login("admin", "Outside-of-tests-7")


with Provider() as provider:
    place = Place("sessions: {most: 0}\nlockout: {tries: 100, address_tries: 1000}\n", f"--oidc-issuer={provider.issuer}",
                  "--oidc-redirect=https://127.0.0.1/api/v1/login/oidc/callback")
    place.one.stop()
    with open(os.path.join(place.one.data, "oidc.secret"), "w") as file:
        file.write(provider.secret + "\n")
    place.one.options += (f"--oidc-secret-file={place.one.data}/oidc.secret",)
    place.one.start()
    admin = place.one.browser()
    admin.login("admin", place.first)
    admin.post("/password", {"old": place.first, "new": "Outside-of-tests-7"})
    good = all([case(run.__name__, run) for run in (
        only_bound_people_come_in, every_forged_token_is_refused, an_answer_belongs_to_the_browser_that_asked, keys_may_change,
        a_second_factor_is_asked_for_here_too,
        a_verified_address_may_stand_for_a_binding_but_never_of_an_administrator, a_provider_that_is_away_takes_nothing_with_it)])
    place.end()
    provider.server.shutdown = provider.server.server_close = lambda: None
sys.exit(not good)

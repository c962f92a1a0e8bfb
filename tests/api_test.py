"""jw-api as people and programs meet it: TLS, login, lockout, cookies, limits, counters, keys. Runs jw-api alone in a
folder of its own; with the other daemons missing, what needs them must say so and everything else must serve."""

import base64
import gzip
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from scenario import BUILD, SOURCE, case, free_port


class Api:
    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="jw.", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.data)
        write_console(os.path.join(self.folder, "console"))
        self.port = free_port()
        ready, tell = os.pipe()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "daemons/api/jw-api"), f"--data={self.data}", f"--content={SOURCE}/content",
             f"--listen=127.0.0.1:{self.port}", f"--console={self.folder}/console", *options],
            stdout=subprocess.PIPE, stderr=open(os.path.join(self.folder, "log"), "w"), text=True, pass_fds=[tell],
            env={**os.environ, "JW_READY_FD": str(tell), "ASAN_OPTIONS": "detect_leaks=0"})  # needs ptrace
        os.close(tell)
        assert os.read(ready, 1), open(os.path.join(self.folder, "log")).read()
        os.close(ready)
        self.password = re.search(r"password (\S+)", self.process.stdout.readline()).group(1)
        self.first_password, fresh = self.password, "an api of a test 7"
        assert self.ask("POST", "/api/v1/password", {"old": self.password, "new": fresh}, login=True).status == 200
        self.password = fresh

    def stop(self):
        self.process.terminate()
        code = self.process.wait(20)
        log = open(os.path.join(self.folder, "log")).read()
        shutil.rmtree(self.folder)
        assert code == 0 and "ERROR" not in log, log

    def ask(self, method, path, body=None, headers=None, source="127.0.0.1", login=False, raw=False):
        headers = dict(headers or {})
        if login:
            headers["Authorization"] = basic("admin", self.password)
        if isinstance(body, dict):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        context = ssl.create_default_context(cafile=os.path.join(self.data, "tls/cert.pem"))
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context,
                                           source_address=(source, 0))
        try:
            link.request(method, path, body, headers)
            answer = link.getresponse()
            answer.text = answer.read() if raw else answer.read().decode()
            return answer
        finally:
            link.close()

    def raw(self):
        context = ssl._create_unverified_context()
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=30))


SCRIPT = "console.log('a console of a test');\n" * 40
PAGE = """<!doctype html><title>console of a test</title><meta property="csp-nonce" nonce="@NONCE@">
<script type="module" src="/assets/main-1a2b.js" nonce="@NONCE@"></script>"""


def write_console(folder):
    """As console/ is built: a page with the mark of the nonce, assets with their gzip beside them."""
    os.makedirs(os.path.join(folder, "assets"))
    for name, content in {"index.html": PAGE.encode(), "assets/main-1a2b.js": SCRIPT.encode(), "assets/notes.txt": b"not for browsers",
                          "assets/main-1a2b.js.gz": gzip.compress(SCRIPT.encode())}.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


def nonce_of(headers):
    return re.search(r"'nonce-([0-9a-f]{32})'", headers["Content-Security-Policy"]).group(1)


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def same(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def the_certificate_is_good_for_the_address_and_private():
    same(api.ask("GET", "/healthz").status, 200)  # ask() verifies the chain and the address
    same(os.stat(os.path.join(api.data, "tls/key.pem")).st_mode & 0o777, 0o600)
    same(os.stat(os.path.join(api.data, "state/seal.key")).st_mode & 0o777, 0o600)
    same(os.stat(os.path.join(api.data, "ledger")).st_mode & 0o777, 0o700)
    for name in (name for name in os.listdir(os.path.join(api.data, "ledger")) if name.startswith("ledger.db")):
        kept = open(os.path.join(api.data, "ledger", name), "rb").read()
        assert api.password.encode() not in kept and api.first_password.encode() not in kept


def nothing_but_the_login_page_and_healthz_is_open():
    for path in ("/metrics", "/api/v1/me", "/api/v1/status", "/api/v1/search?q=a", "/api/v1/tail", "/api/v1/keys",
                 "/api/v1/nothing", "/nothing", "/_bulk", "/_license", "/_cat/indices", "/api/v1/events/1"):
        for method in ("GET", "POST", "DELETE"):
            same((path, api.ask(method, path).status), (path, 401))
    same(api.ask("GET", "/healthz").text, '{"status":"ok"}\n')
    page = api.ask("GET", "/", headers={"Accept": "text/html"})
    same((page.status, "<title>console of a test</title>" in page.text), (200, True))
    deep = api.ask("GET", "/console/search?q=a")  # the same, whatever page of the console is asked for
    same(deep.text.replace(nonce_of(deep.headers), "@"), page.text.replace(nonce_of(page.headers), "@"))


def every_answer_carries_the_security_headers():
    for path in ("/", "/healthz", "/api/v1/me"):
        answer = api.ask("GET", path)
        same(answer.headers["X-Content-Type-Options"], "nosniff")
        same(answer.headers["X-Frame-Options"], "DENY")
        same(answer.headers["Cache-Control"], "no-store")
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        same(len(answer.headers.get_all("Content-Security-Policy")), 1)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    one, two = (api.ask("GET", "/") for _ in range(2))
    assert nonce_of(one.headers) != nonce_of(two.headers), "the nonce is the same twice"
    for answer in (one, two):
        same(answer.text.count(f'nonce="{nonce_of(answer.headers)}"'), 2)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy and "unsafe" not in policy, policy


def assets_are_kept_for_good_and_packed_for_those_who_take_it():
    plain = api.ask("GET", "/assets/main-1a2b.js")
    same((plain.status, plain.text), (200, SCRIPT))
    same(plain.headers["Content-Type"], "text/javascript; charset=utf-8")
    same(plain.headers["Cache-Control"], "public, max-age=31536000, immutable")
    same((plain.headers["Content-Encoding"], plain.headers["Vary"]), (None, "Accept-Encoding"))
    packed = api.ask("GET", "/assets/main-1a2b.js", headers={"Accept-Encoding": "br, gzip"}, raw=True)
    same((packed.headers["Content-Encoding"], gzip.decompress(packed.text).decode()), ("gzip", SCRIPT))
    for path in ("/assets/other.js", "/assets/main-1a2b.js.gz", "/assets/notes.txt", "/assets/..%2findex.html"):
        assert api.ask("GET", path).status in (400, 404), path


def login(**more):
    return api.ask("POST", "/api/v1/login", {"user": "admin", "password": api.password, **more})


def a_login_gives_a_cookie_and_a_token_that_logout_ends():
    answer = login()
    same(answer.status, 200)
    cookie = answer.headers["Set-Cookie"]
    for word in ("__Host-jinwu=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
        assert word in cookie, cookie
    token = json.loads(answer.text)["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    same(json.loads(api.ask("GET", "/api/v1/me", headers=bearer).text)["user"], "admin")
    crumb = {"Cookie": cookie.split(";")[0]}
    same(api.ask("GET", "/api/v1/me", headers=crumb).status, 200)
    same(api.ask("GET", "/", headers=crumb).status, 200)  # the same page for everybody: it asks /me
    same(api.ask("POST", "/api/v1/logout", headers=bearer).status, 200)
    same(api.ask("GET", "/api/v1/me", headers=bearer).status, 401)
    same(api.ask("GET", "/api/v1/me", headers=crumb).status, 401)
    assert "token" not in json.loads(login(bearer=False).text)


def a_cookie_alone_changes_nothing_from_another_site():
    crumb = {"Cookie": login().headers["Set-Cookie"].split(";")[0]}
    add = {"name": "from-elsewhere"}
    same(api.ask("POST", "/api/v1/keys", add, crumb).status, 403)
    same(api.ask("POST", "/api/v1/keys", add, {**crumb, "X-Jinwu": "1", "Sec-Fetch-Site": "cross-site"}).status, 403)
    same(api.ask("POST", "/api/v1/keys", add, {**crumb, "X-Jinwu": "1", "Sec-Fetch-Site": "same-origin"}).status, 201)
    form = api.ask("POST", "/api/v1/login", "user=admin&password=x", {"Content-Type": "text/plain"})
    same(form.status, 415)
    same(api.ask("DELETE", "/api/v1/keys/from-elsewhere", headers=crumb | {"X-Jinwu": "1"}).status, 200)


def guessing_is_locked_out_without_telling_who_exists():
    wrong = [api.ask("POST", "/api/v1/login", {"user": user, "password": "guess"}, source="127.0.0.3")
             for user in ("admin", "nobody")]
    same(wrong[0].text, wrong[1].text)
    same([one.status for one in wrong], [401, 401])
    for _ in range(4):
        api.ask("POST", "/api/v1/login", {"user": "admin", "password": "guess"}, source="127.0.0.3")
    locked = api.ask("POST", "/api/v1/login", {"user": "admin", "password": api.password}, source="127.0.0.3")
    same(locked.status, 429)
    assert 0 < int(locked.headers["Retry-After"]) <= 30
    same(api.ask("GET", "/api/v1/me", headers={"Authorization": basic("admin", api.password)},
                 source="127.0.0.3").status, 429)
    same(login().status, 200)  # from elsewhere


def basic_logins_are_quick_once_verified():
    api.ask("GET", "/api/v1/me", login=True)
    begun = time.monotonic()
    for _ in range(10):
        same(api.ask("GET", "/api/v1/me", login=True).status, 200)
    assert time.monotonic() - begun < 5, "argon2id for every request?"
    same(api.ask("GET", "/api/v1/me", headers={"Authorization": basic("admin", api.password + "x")},
                 source="127.0.0.4").status, 401)


def bad_bodies_get_clear_errors_and_the_service_goes_on():
    typed = {"Content-Type": "application/json"}
    broken = api.ask("POST", "/api/v1/login", '{"user": nobody}', typed)
    same(broken.status, 400)
    assert json.loads(broken.text)["error"]["at"] > 0
    same(api.ask("POST", "/api/v1/login", "[1]", typed).status, 400)
    same(api.ask("POST", "/api/v1/login", '{"user":1,"password":2}', typed).status, 400)
    same(api.ask("POST", "/api/v1/login", "\0\xff" * 100, typed).status, 400)
    same(api.ask("POST", "/api/v1/login", "[" * 60000, typed).status, 400)
    same(api.ask("GET", "/healthz").status, 200)


def bodies_of_16_mb_are_refused_before_they_are_read():
    with api.raw() as peer:
        peer.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 16777216\r\n\r\n")
        assert b"413" in peer.recv(100)
    with api.raw() as peer:  # and without a word about its length
        peer.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(256):
            peer.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
        peer.sendall(b"0\r\n\r\n")
        assert b"413" in peer.recv(100)
    with api.raw() as peer:  # a sender without a key never gets to send
        peer.sendall(b"POST /_bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 16777216\r\n\r\n")
        assert b"401" in peer.recv(100)


def paths_and_headers_cannot_be_played_with():
    for path in ("/../etc/passwd", "/%2e%2e/etc/passwd", "/api/v1/../../etc/passwd", "/api//v1/me", "/%00", "/a%zz"):
        with api.raw() as peer:
            peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert b" 400 " in peer.recv(100), path
    with api.raw() as peer:
        try:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"a" * 200000 + b"\r\n\r\n")
            got = peer.recv(100)
        except OSError:  # the server answers and closes while we still send: the kernel may tell us of the close first
            got = b""
        assert b" 431 " in got or b" 413 " in got or got == b"", got
    same(api.ask("GET", "/healthz").status, 200)
    answer = api.ask("DELETE", "/api/v1/keys/a%0d%0aSet-Cookie:%20x=1", login=True)
    assert answer.status == 404 and not answer.headers["Set-Cookie"]


def slow_peers_do_not_keep_others_out():
    peers = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(40)]
    try:
        for peer in peers[:20]:
            peer.send(b"\x16\x03\x01")  # a TLS handshake that never goes on
        same(api.ask("GET", "/healthz").status, 200)
        peers[0].settimeout(25)
        same(peers[0].recv(1), b"")  # and is ended
    finally:
        for peer in peers:
            peer.close()


def metrics_and_status_show_what_happened():
    text = api.ask("GET", "/metrics", login=True).text
    assert re.search(r'^jinwu_logins_total\{daemon="jw-api",source="good"\} [1-9]', text, re.M), text[:500]
    assert re.search(r'^jinwu_logins_total\{daemon="jw-api",source="bad"\} [1-9]', text, re.M)
    assert re.search(r'^jinwu_daemon_running\{daemon="jw-api"\} 1$', text, re.M)
    names = re.findall(r"^# TYPE (\S+)", text, re.M)
    same(len(names), len(set(names)))
    for line in text.splitlines():
        assert line.startswith("#") or re.fullmatch(r'jinwu_\w+\{(\w+="[^"]*",?)*\} \d+', line), line
    counters = json.loads(api.ask("GET", "/api/v1/status", login=True).text)["counters"]
    assert any(c["name"] == "http_requests_total" and c["value"] > 10 and "rate" in c for c in counters)


def keys_open_the_sender_paths_and_nothing_else():
    made = api.ask("POST", "/api/v1/keys", {"name": "gateway"}, login=True)
    same(made.status, 201)
    key = json.loads(made.text)
    same(api.ask("POST", "/api/v1/keys", {"name": "gateway"}, login=True).status, 409)
    same(api.ask("POST", "/api/v1/keys", {"name": "a/b"}, login=True).status, 400)
    listed = api.ask("GET", "/api/v1/keys", login=True).text
    assert key["id"] in listed and key["secret"] not in listed
    pair = base64.b64encode(f'{key["id"]}:{key["secret"]}'.encode()).decode()
    sender = {"Authorization": f"ApiKey {pair}"}
    away = api.ask("GET", "/_license", headers=sender)  # jw-collect does not run here
    same(away.status, 503)
    assert away.headers["Retry-After"]
    same(api.ask("GET", "/", headers=sender).status, 503)
    same(api.ask("GET", "/api/v1/me", headers=sender).status, 401)
    same(api.ask("GET", "/metrics", headers=sender).status, 401)
    same(api.ask("GET", "/_license", headers={"Authorization": basic(key["id"], key["secret"])}).status, 503)
    same(api.ask("DELETE", "/api/v1/keys/gateway", login=True).status, 200)
    refused = api.ask("GET", "/_license", headers=sender)
    same(refused.status, 401)
    same(refused.headers["X-Elastic-Product"], "Elasticsearch")


def a_bad_query_is_answered_with_its_place():
    for path in ("/api/v1/tail?q=", "/api/v1/search?q="):
        answer = api.ask("GET", path + "source.ip%3A%28", login=True)
        same(answer.status, 400)
        assert json.loads(answer.text)["error"]["at"] > 0, answer.text
    for odd in ("in=elsewhere", "limit=0", "limit=x", "limit=99999", "from=whenever", "from=now&to=now-1h", "cursor=1.2",
                "histogram=x", "count=maybe", "sort=user", "form=now-1h", "q=b", "by=" + ",".join("abcdefghi")):
        same((odd, api.ask("GET", "/api/v1/search?q=a&" + odd, login=True).status), (odd, 400))
    typo = api.ask("POST", "/api/v1/search", b'{"q":"a","form":"now-1h"}', {"Content-Type": "application/json"}, login=True)
    same((typo.status, "form: no such" in typo.text), (400, True))
    for odd in ("in=elsewhere", "from=now-1h", "limit=5", "qq=a", "q=b"):
        same((odd, api.ask("GET", "/api/v1/tail?q=a&" + odd, login=True).status), (odd, 400))
    for path in ("/api/v1/tail", "/api/v1/search"):
        wild = api.ask("GET", path + "?q=b%20host.*%3Ax", login=True)
        same((wild.status, json.loads(wild.text)["error"]["at"]), (400, 2))
    late = api.ask("GET", "/api/v1/search?q=a&from=2262-01-01", login=True)
    assert late.status == 400 and "from 1678 to 2261" in late.text, late.text
    away = api.ask("GET", "/api/v1/search?q=a", login=True)  # jw-lake does not run here
    same(away.status, 503)
    assert away.headers["Retry-After"]
    same(api.ask("GET", "/api/v1/events/nonsense", login=True).status, 400)
    same(api.ask("GET", "/api/v1/events/1f00c0de-000000000012d687", login=True).status, 503)


def a_new_password_ends_every_other_session():
    other = {"Authorization": "Bearer " + json.loads(login().text)["token"]}
    mine = {"Authorization": "Bearer " + json.loads(login().text)["token"]}
    fresh = "a much longer secret 7"
    for old, new, status in (("wrong", fresh, 401), (api.password, "short", 400), (api.password, fresh, 200)):
        answer = api.ask("POST", "/api/v1/password", {"old": old, "new": new}, mine)
        same(answer.status, status)
    mine = {"Authorization": "Bearer " + json.loads(answer.text)["token"]}
    same(api.ask("GET", "/api/v1/me", headers=mine).status, 200)
    same(api.ask("GET", "/api/v1/me", headers=other).status, 401)
    same(api.ask("GET", "/api/v1/me", headers={"Authorization": basic("admin", api.password)}).status, 401)
    api.password = fresh
    same(login().status, 200)


def a_stop_ends_open_streams_at_once():
    context = ssl._create_unverified_context()
    link = http.client.HTTPSConnection("127.0.0.1", api.port, timeout=30, context=context)
    link.request("GET", "/api/v1/tail?q=", headers={"Authorization": basic("admin", api.password)})
    answer = link.getresponse()
    same(answer.status, 200)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    same(answer.readline(), b"retry: 2000\n")
    begun = time.monotonic()
    api.stop()
    assert time.monotonic() - begun < 5


api = Api()
good = all([case(run.__name__, run) for run in (
    the_certificate_is_good_for_the_address_and_private, nothing_but_the_login_page_and_healthz_is_open,
    every_answer_carries_the_security_headers, assets_are_kept_for_good_and_packed_for_those_who_take_it,
    a_login_gives_a_cookie_and_a_token_that_logout_ends,
    a_cookie_alone_changes_nothing_from_another_site, guessing_is_locked_out_without_telling_who_exists,
    basic_logins_are_quick_once_verified, bad_bodies_get_clear_errors_and_the_service_goes_on,
    bodies_of_16_mb_are_refused_before_they_are_read, paths_and_headers_cannot_be_played_with,
    slow_peers_do_not_keep_others_out, metrics_and_status_show_what_happened,
    keys_open_the_sender_paths_and_nothing_else, a_bad_query_is_answered_with_its_place,
    a_new_password_ends_every_other_session, a_stop_ends_open_streams_at_once)])
sys.exit(not good)

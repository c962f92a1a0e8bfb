"""A browser of a test's own: keeps the session's cookie, shows the header our pages show, follows nothing by itself."""

import http.client
import json
import ssl
import urllib.parse


def same(got, want):
    assert got == want, f"{got!r} is not {want!r}"


class Browser:
    def __init__(self, port, authority, source="127.0.0.1", certificate=None, key=None):
        self.port, self.source, self.cookie, self.token = port, source, None, None
        self.context = ssl.create_default_context(cafile=authority)
        if certificate:
            self.context.load_cert_chain(certificate, key)

    def ask(self, method, path, body=None, status=200, headers=None, raw=False):
        """The answer as JSON (raw: as text); its headers in `self.headers`."""
        headers = {"X-Jinwu": "1", **(headers or {})}
        if self.cookie:
            headers["Cookie"] = self.cookie
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.context,
                                           source_address=(self.source, 0))
        try:
            where = path if raw else "/api/v1" + path
            link.request(method, urllib.parse.quote(where, safe="/?&=%,:-*+."), body, headers)
            answer = link.getresponse()
            text = answer.read().decode()
            self.headers = answer.headers
        finally:
            link.close()
        assert status in (None, answer.status), f"{method} {path}: {answer.status} instead of {status}: {text[:600]}"
        self.status = answer.status
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            if cookie.startswith("__Host-jinwu="):
                self.cookie = None if "Max-Age=0" in cookie else cookie.split(";")[0]
        return text if raw else json.loads(text)

    def get(self, path, status=200):
        return self.ask("GET", path, None, status)

    def post(self, path, body, status=200):
        return self.ask("POST", path, body, status)

    def login(self, name, password, status=200):
        self.cookie = None
        self.name = name
        return self.ask("POST", "/login", {"user": name, "password": password, "bearer": False}, status)

    def keep(self, password):
        """Logs in again where the session has ended meanwhile."""
        self.get("/me", None)
        if self.status == 401:
            self.login(self.name, password)

"""A small identity provider: OpenID Connect with PKCE, RS256 by the openssl command. It can be told to cheat.

    with Provider() as provider:
        provider.person = {"sub": "1001", "email": "li@example.gov.cn", "email_verified": True}
        code, state = provider.visit(authorization_url)
"""

import base64
import hashlib
import http.server
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def openssl(*words, given=b""):
    return subprocess.run(["openssl", *words], input=given, capture_output=True, check=True).stdout


class Key:
    def __init__(self, folder):
        self.kid = secrets.token_hex(4)
        self.path = os.path.join(folder, self.kid + ".pem")
        openssl("genrsa", "-out", self.path, "2048")

    def public(self):
        modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": encode(bytes.fromhex(modulus)), "e": "AQAB"}

    def sign(self, data):
        return openssl("dgst", "-sha256", "-sign", self.path, given=data)


class Provider:
    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="jw_oidc.", dir="/tmp")
        self.key = Key(self.folder)
        self.published = [self.key]
        self.codes, self.person = {}, {"sub": "1001"}
        self.secret, self.client = "between us", "jinwu"
        self.claims, self.header, self.forge = {}, {}, None  # how to cheat: see token()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                if self.path == "/.well-known/openid-configuration":
                    self.answer(200, {"issuer": provider.issuer, "authorization_endpoint": provider.issuer + "/authorize",
                                      "token_endpoint": provider.issuer + "/token", "jwks_uri": provider.issuer + "/keys"})
                elif self.path == "/keys":
                    self.answer(200, {"keys": [key.public() for key in provider.published]})
                else:
                    self.answer(404, {})

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                self.answer(*provider.redeem(form))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder)

    def visit(self, url):
        """What the person's browser does at the provider: (code, state)."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert asked["response_type"] == "code" and asked["client_id"] == self.client and "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256" and len(asked["state"]) >= 40 and len(asked["nonce"]) >= 40
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return code, asked["state"]

    def redeem(self, form):
        asked = self.codes.pop(form.get("code"), None)
        if not asked or form.get("client_secret") != self.secret or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if encode(hashlib.sha256(form["code_verifier"].encode()).digest()) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.token(asked["nonce"])}

    def token(self, nonce):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client, "nonce": nonce, "iat": now, "exp": now + 300, **self.person,
                  **self.claims}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        text = encode(json.dumps(header).encode()) + "." + encode(json.dumps(claims).encode())
        signature = self.forge(text.encode()) if self.forge else self.key.sign(text.encode())
        return text + "." + encode(signature)

    def rotate(self):
        self.key = Key(self.folder)
        self.published = [self.key]

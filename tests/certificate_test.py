"""Coming in by a certificate: shown in our own TLS, and handed on by a proxy (there with SM2 and SM3)."""

import hashlib
import http.client
import json
import os
import subprocess
import sys
import urllib.parse

from people import Place, Server
from scenario import case
from web import Browser, same


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


class Authority:
    """Certificates by openssl; `curve` SM2 signs with SM3."""

    def __init__(self, name, curve="P-256"):
        self.folder = os.path.join(place.folder, name)
        os.makedirs(self.folder)
        self.curve = curve
        self.digest = ("-sm3",) if curve == "SM2" else ("-sha256",)
        self.sign = ("-sigopt", "distid:1234567812345678") if curve == "SM2" else ()
        self.verify = ("-vfyopt", "distid:1234567812345678") if curve == "SM2" else ()
        self.path = self.file("ca.pem")
        self.make_key("ca")
        openssl("req", "-x509", "-new", "-key", self.file("ca.key"), "-out", self.path, "-subj", "/CN=" + name, "-days", "30",
                *self.digest, *self.sign)

    def file(self, name):
        return os.path.join(self.folder, name)

    def make_key(self, name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + self.curve, "-out", self.file(name + ".key"))

    def person(self, name, usage="clientAuth"):
        self.make_key(name)
        with open(self.file("extensions"), "w") as file:
            file.write(f"basicConstraints=CA:FALSE\nextendedKeyUsage={usage}\n")
        openssl("req", "-new", "-key", self.file(name + ".key"), "-out", self.file(name + ".csr"), "-subj", "/CN=" + name,
                *self.digest, *self.sign)
        openssl("x509", "-req", "-in", self.file(name + ".csr"), "-CA", self.path, "-CAkey", self.file("ca.key"), "-CAcreateserial",
                "-days", "30", "-extfile", self.file("extensions"), "-out", self.file(name + ".pem"), *self.digest, *self.sign,
                *self.verify)
        return self.file(name + ".pem"), self.file(name + ".key")


def fingerprint(path):
    return hashlib.sha256(subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], capture_output=True,
                                         check=True).stdout).hexdigest()


def show(pair=(None, None)):
    return Browser(place.one.port, os.path.join(place.one.data, "tls/cert.pem"), "127.0.0.1", *pair)


def bind(name, path):
    admin.post("/accounts", {"name": name, "password": False}, 201)
    admin.post(f"/accounts/{name}/grants", {"role": "operator"})
    admin.ask("PATCH", "/accounts/" + name, {"certificate": fingerprint(path)})


def a_bound_certificate_of_the_authority_comes_in():
    same(show().get("/login")["certificate"], True)
    li = city.person("li")
    show(li).post("/login/certificate", {}, 401)  # trusted, but nobody's
    bind("li", li[0])
    browser = show(li)
    browser.get("/me", 401)  # to show one is no session
    browser.post("/login/certificate", {"bearer": False})
    same(browser.get("/me")["user"], "li")
    same(browser.get("/me/sessions")["sessions"][0]["how"], "certificate")


def others_do_not():
    show().post("/login/certificate", {}, 401)
    wrong_authority = Authority("elsewhere").person("li")
    server = city.person("server", "serverAuth")
    bind("wang", wrong_authority[0])
    bind("machine", server[0])
    show(wrong_authority).post("/login/certificate", {}, 401)  # bound, but of nobody whom we trust
    show(server).post("/login/certificate", {}, 401)  # not made for people
    log = open(place.one.data + ".log").read()
    assert "not trusted" in log and "purpose" in log, log[-2000:]
    escaped = urllib.parse.quote(open(city.file("li.pem")).read())
    same(show().ask("POST", "/login/certificate", {}, 401, {"X-Client-Certificate": escaped})["error"]["code"],
         "wrong_certificate")  # a header is believed from a proxy alone
    admin.ask("PATCH", "/accounts/li", {"disabled": True})
    show((city.file("li.pem"), city.file("li.key"))).post("/login/certificate", {}, 401)


def behind(pem):
    """What a proxy that ended TLS (or TLCP) for a client hands on."""
    link = http.client.HTTPConnection("127.0.0.1", proxied.port, timeout=30)
    link.request("POST", "/api/v1/login/certificate", json.dumps({}),
                 {"Content-Type": "application/json", "X-Client-Certificate": urllib.parse.quote(pem)})
    answer = link.getresponse()
    body = json.loads(answer.read())
    link.close()
    return answer.status, body


def sm2_certificates_come_in_behind_a_proxy():
    zhao = national.person("zhao")
    bind("zhao", zhao[0])
    status, body = behind(open(zhao[0]).read())
    same((status, body.get("user")), (200, "zhao"))
    forged = Authority("forged", "SM2").person("zhao")
    same(behind(open(forged[0]).read())[0], 401)
    same(behind(open(city.file("li.pem")).read())[0], 401)  # of the other authority
    for junk in ("", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        same(behind(junk)[0], 401)


place = Place("sessions: {most: 0}\nlockout: {tries: 100, address_tries: 1000}\n")
admin = place.one.browser()
admin.login("admin", place.first)
admin.post("/password", {"old": place.first, "new": "Outside-of-tests-7"})
city, national = Authority("city"), Authority("national", "SM2")
place.one.stop()
place.one.options += (f"--client-authority={city.path}", "--client-certificate-header=X-Client-Certificate")
place.one.start()
proxied = Server(place, place.one.data, "--tls=off", f"--client-authority={national.path}",
                 "--client-certificate-header=X-Client-Certificate")
good = all([case(run.__name__, run) for run in (
    a_bound_certificate_of_the_authority_comes_in, others_do_not, sm2_certificates_come_in_behind_a_proxy)])
proxied.stop()
place.end()
sys.exit(not good)

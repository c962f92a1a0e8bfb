"""jw-collect alone against real senders: what arrives, what is kept, what is counted, and what survives."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "servers")]
import debian  # noqa: E402
from scenario import BUILD, SOURCE, case, free_port, wait_for  # noqa: E402

CONFIGS = os.path.join(HERE, "configs")


class Collector:
    def __init__(self, *options, program="jw-collect"):
        self.folder = tempfile.mkdtemp(prefix="jwc.", dir="/tmp")
        self.program = os.path.join(BUILD, "daemons/collect", program)
        self.tcp, self.tls, self.relp = free_port(), free_port(), free_port()
        self.udp = free_port(socket.SOCK_DGRAM)
        self.options = options
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        if not os.environ.get("JW_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        read, write = os.pipe()
        # the sandbox forbids looking into processes, which the leak checker does at exit
        env = dict(os.environ, JW_READY_FD=str(write), ASAN_OPTIONS="detect_leaks=0:abort_on_error=1")
        self.log = open(self.folder + "/log", "ab")
        self.process = subprocess.Popen(
            [self.program, "--data=" + self.folder, "--content=" + SOURCE + "/content",
             f"--syslog-tcp=127.0.0.1:{self.tcp}", f"--syslog-udp=127.0.0.1:{self.udp}",
             f"--syslog-tls=127.0.0.1:{self.tls}", f"--relp=127.0.0.1:{self.relp}", *self.options],
            pass_fds=[write], env=env, stderr=self.log)
        os.close(write)
        ready = os.read(read, 1)
        os.close(read)
        assert ready, open(self.folder + "/log").read()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            status = self.process.wait(20)
            assert status == 0, f"exit {status}: " + open(self.folder + "/log").read()[-3000:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def events(self, prefix=""):
        out = subprocess.run([BUILD + "/tests/spool_dump", self.folder + "/spool/events"], capture_output=True)
        assert out.returncode == 0, out.stderr
        events = [json.loads(line) for line in out.stdout.splitlines()]
        return [e for e in events if e.get("gov.source", "").startswith(prefix)]

    def stats(self, name, source=""):
        """Sum over the sources that begin with `source`."""
        table, total = open(self.folder + "/run/jw-collect.stats", "rb").read(), 0
        for at in range(16, 16 + struct.unpack_from("<Q", table, 8)[0] * 200, 200):
            slot = [table[at:at + 64], table[at + 64:at + 192]]
            slot = [part.split(b"\0")[0].decode() for part in slot]
            if slot[0] == name and slot[1].startswith(source):
                total += struct.unpack_from("<Q", table, at + 192)[0]
        return total

    def memory_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024

    def send(self, data):
        with socket.create_connection(("127.0.0.1", self.tcp)) as link:
            link.sendall(data)


def originals(events):
    return [e.get("event.original", "") for e in events]


def certificate(collector):
    os.makedirs(collector.folder + "/tls", exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", collector.folder + "/tls/key.pem", "-out", collector.folder + "/tls/cert.new",
                    "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
    os.rename(collector.folder + "/tls/cert.new", collector.folder + "/tls/cert.pem")


class Rsyslog:
    def __init__(self, program, config, folder, **env):
        modules = program.modules("rsyslog")
        self.process = subprocess.Popen([program.path, "-n", "-f", os.path.join(CONFIGS, config), "-i", folder + "/pid",
                                         *(["-M", modules] if modules else [])],
                                        env=program.env(JW_WORK=folder, **env), stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def write_lines(path, count, word="line"):
    with open(path, "w") as out:
        out.writelines(f"{word} {n:06d} of the test\n" for n in range(count))


def numbers(events, word="line"):
    """The number of each event that carries one."""
    return [int(text.split(word + " ")[1][:6]) for text in originals(events) if word + " " in text]


# --- transport ---------------------------------------------------------------------------------------------------


def any_bytes_become_events():
    with Collector("--message-kib=64") as c:
        c.send(b"<34>Nov 20 10:00:00 h a: one\n<34>Nov 20 10:00:00 h a: two\r\n\n")
        c.send(b"11 <34>1 - - -5 <35>x9 <36>y\nzzz")
        c.send(b"<13>" + b"L" * (16 << 20) + b"\n<13>after the long line\n")
        c.send(bytes(range(256)).replace(b"\n", b"") + b"\n\xff\xfe\xc3(\n\x00\x00\n")
        c.send(b"no line end")
        wait_for(lambda: len(c.events()) >= 10)
        c.stop()
        texts = originals(c.events("syslog-tcp"))
        assert "<34>Nov 20 10:00:00 h a: one" in texts and "<34>Nov 20 10:00:00 h a: two" in texts, texts
        assert "<34>1 - - -" in texts and "<35>x" in texts and "<36>y\nzzz" in texts, texts
        assert "no line end" in texts and "<13>after the long line" in texts
        long = [e for e in c.events() if len(e.get("event.original", "")) > 60000]
        assert len(long) == 1 and "cut" in str(long[0].get("tags")), len(long)
        assert len(long[0]["event.original"]) == 65536
        assert c.stats("oversize_total") == 1
        assert c.stats("events_received_total", "syslog-tcp") == len(c.events("syslog-tcp"))


def a_slow_peer_holds_nobody_up():
    with Collector("--connections=60", "--stall-s=1") as c:
        peers = []
        for _ in range(200):
            try:
                peer = socket.create_connection(("127.0.0.1", c.tcp), timeout=2)
                peer.sendall(b"<13>drip")
                peers.append(peer)
            except OSError:
                pass
        end = time.monotonic() + 2.5
        while time.monotonic() < end:  # a byte now and then, never a whole line
            for peer in peers[:60]:
                try:
                    peer.send(b".")
                except OSError:
                    pass
            time.sleep(0.1)

        def served():
            c.send(b"<13>I am honest\n")
            return any("honest" in text for text in originals(c.events()))
        wait_for(served, 10, 0.3)
        assert c.stats("connections_refused_total") > 0
        assert c.stats("invalid_total") > 0
        assert c.memory_mib() < 400  # with sanitizers
        for peer in peers:
            peer.close()


def silent_connections_shut_nobody_out():
    with Collector("--connections=20") as c:
        sender = socket.create_connection(("127.0.0.1", c.tcp), timeout=2)
        sender.sendall(b"<13>I was here first\n")
        wait_for(lambda: len(c.events()) == 1)
        silent = [socket.create_connection(("127.0.0.1", c.tcp), timeout=2) for _ in range(60)]
        for n in range(5):  # each found the place of a silent one
            c.send(b"<13>newcomer %d\n" % n)
        sender.sendall(b"<13>and I still am\n")
        wait_for(lambda: len(c.events()) == 7, 5)
        assert c.stats("connections_refused_total", "syslog-tcp") >= 41
        for peer in [sender, *silent]:
            peer.close()


def one_address_cannot_take_the_places_of_all():
    with Collector("--connections=20", "--per-address=8") as c:
        many = [socket.create_connection(("127.0.0.1", c.tcp), timeout=5, source_address=("127.0.0.2", 0)) for _ in range(8)]
        for n, peer in enumerate(many):  # each is a sender
            peer.sendall(b"<13>sender %d\n" % n)
        wait_for(lambda: len(c.events()) == 8)
        with socket.create_connection(("127.0.0.1", c.tcp), timeout=5, source_address=("127.0.0.2", 0)) as ninth:
            assert ninth.recv(1) == b""
        assert c.stats("connections_refused_total", "syslog-tcp") == 1
        c.send(b"<13>from elsewhere\n")
        many[0].sendall(b"<13>and I still am\n")
        wait_for(lambda: len(c.events()) == 10, 5)
        for peer in many:
            peer.close()


def udp_counts_every_datagram_when_the_spool_is_full():
    with Collector("--spool-mib=16", "--segment-mib=1") as c:
        link, sent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0
        text = b"<13>Nov 20 10:00:00 h app: " + os.urandom(1200).hex().encode()  # 12000 are 28 MiB

        def send(count):
            nonlocal sent
            for _ in range(count):
                link.sendto(b"%s %d" % (text, sent), ("127.0.0.1", c.udp))
                sent += 1

        def all_told():
            send(1)  # the kernel tells what it dropped with the next datagram
            time.sleep(0.1)
            told = c.stats("events_received_total", "syslog-udp:127") + c.stats("events_dropped_total", "syslog-udp:kernel")
            return told == sent and c.stats("in_flight_bytes") == 0

        for _ in range(240):
            send(50)
            time.sleep(0.005)
        wait_for(all_told)
        dropped = c.stats("events_dropped_total", "syslog-udp")
        c.stop()
        kept = len(c.events("syslog-udp"))
        assert 0 < dropped and 0 < kept and kept + dropped == sent, (kept, dropped, sent)


def tcp_waits_when_the_spool_is_full():
    with Collector("--spool-mib=16", "--segment-mib=1", "--in-flight-mib=8") as c:
        line = b"<13>Nov 20 10:00:00 h app: " + os.urandom(1000).hex().encode() + b"\n"
        link = socket.create_connection(("127.0.0.1", c.tcp))
        link.settimeout(3)
        sent = 0
        try:
            while sent < 200 << 20:
                sent += link.send(line * 100)
            raise AssertionError("200 MB went into a spool of 16 MiB")
        except (TimeoutError, socket.timeout):
            pass
        assert c.stats("events_dropped_total") == 0
        assert c.memory_mib() < 400
        link.close()


def a_reload_keeps_connections():
    with Collector() as c:
        with socket.create_connection(("127.0.0.1", c.tcp)) as link:
            link.sendall(b"<13>Nov 20 10:00:00 web-1 app: before\n")
            wait_for(lambda: len(c.events()) == 1)
            os.makedirs(c.folder + "/plan")
            with open(c.folder + "/plan/a.csv", "w") as plan:
                plan.write("host,asset,unit,owner\nweb-1,portal,unit one,somebody\n")
            c.process.send_signal(signal.SIGHUP)
            wait_for(lambda: c.stats("reloads_total") == 1)
            link.sendall(b"<13>Nov 20 10:00:00 web-1 app: after\n")
            wait_for(lambda: len(c.events()) == 2)
        first, second = c.events()
        assert "gov.unit" not in first and second["gov.unit"] == "unit one", second


# --- real senders ------------------------------------------------------------------------------------------------


def rsyslog_delivers_in_every_way():
    with Collector(f"--follow=/nowhere/*.log") as c:
        certificate(c)
        path, control = c.folder + "/bulk.log", c.folder + "/dev.log"
        write_lines(path, 2000)
        time.sleep(5.5)  # the collector looks for the certificate again
        with Rsyslog(rsyslog, "rsyslog_all.conf", c.folder, JW_FILE=path, JW_SOCKET=control, JW_TCP=str(c.tcp),
                     JW_TCP2=str(c.tcp), JW_TLS=str(c.tls), JW_UDP=str(c.udp), JW_RELP=str(c.relp),
                     JW_CA=c.folder + "/tls/cert.pem"):
            wait_for(lambda: os.path.exists(control))
            subprocess.run(["logger", "-u", control, "-t", "sshd[7]", "said by logger"], check=True)
            want = {"syslog-tcp": 4002, "syslog-tls": 2001, "syslog-udp": 2001, "relp": 2001}
            try:
                wait_for(lambda: all(c.stats("events_received_total", s) >= n for s, n in want.items()), 40)
            finally:
                got = {s: c.stats("events_received_total", s) for s in want}
        c.stop()
        assert got == want, got
        for source in want:
            events = c.events(source)
            assert set(numbers(events)) == set(range(2000)), source
            said = [e for e in events if "said by logger" in e.get("event.original", "")]
            assert said and all(e.get("process.name") == "sshd" for e in said), said


def logger_delivers():
    with Collector() as c:
        for options in (["-d", "-P", str(c.udp)], ["-T", "-P", str(c.tcp)], ["-T", "--octet-count", "-P", str(c.tcp)],
                        ["-T", "--rfc3164", "-P", str(c.tcp)]):
            subprocess.run(["logger", "-n", "127.0.0.1", *options, "-t", "probe", "hello from logger"], check=True)
        wait_for(lambda: len(c.events()) == 4)
        assert all("hello from logger" in e["message"] for e in c.events()), c.events()


def syslog_ng_delivers():
    with Collector() as c:
        certificate(c)
        path = c.folder + "/bulk.log"
        write_lines(path, 2000)
        os.kill(c.process.pid, signal.SIGHUP)
        modules = syslog_ng.modules("syslog-ng/3.38")
        process = subprocess.Popen(
            [syslog_ng.path, "-F", "--no-caps", "-f", CONFIGS + "/syslog_ng.conf", "--persist-file",
             c.folder + "/persist", "--control", c.folder + "/control", "--pidfile", c.folder + "/pid",
             *(["--module-path", modules] if modules else [])],
            env=syslog_ng.env(JW_FILE=path, JW_TCP=str(c.tcp), JW_TLS=str(c.tls), JW_UDP=str(c.udp)),
            stderr=open(c.folder + "/syslog-ng", "wb"))
        try:
            wait_for(lambda: all(c.stats("events_received_total", s) >= 2000
                                 for s in ("syslog-tcp", "syslog-tls", "syslog-udp")), 40)
        finally:
            process.kill()
            process.wait()
        c.stop()
        for source in ("syslog-tcp", "syslog-tls", "syslog-udp"):
            assert sorted(numbers(c.events(source))) == list(range(2000)), source


# --- survival ----------------------------------------------------------------------------------------------------


def nothing_acknowledged_over_relp_is_lost_by_kill_9():
    with Collector() as c:
        path, count = c.folder + "/bulk.log", 60000
        write_lines(path, count)
        with Rsyslog(rsyslog, "rsyslog_relp.conf", c.folder, JW_FILE=path, JW_RELP=str(c.relp)):
            for n in range(5):
                wait_for(lambda: c.stats("events_received_total", "relp") >= (n + 1) * count // 8, 60)
                c.kill()
                c.start()
            wait_for(lambda: len(set(numbers(c.events("relp")))) == count, 60, 1)
        again = len(numbers(c.events("relp"))) - count
        print(f"  {again} of {count} were sent again after 5 kills")


def followed_files_are_kept_exactly_once():
    with Collector() as c:
        folder = c.folder + "/logs"
        os.mkdir(folder)
        c.stop()
        c.options = (f"--follow={folder}/*.log",)
        c.start()
        count, done = 40000, threading.Event()

        def write():
            out, n = open(folder + "/app.log", "w"), 0
            while n < count:
                for _ in range(100):
                    out.write(f"line {n:06d} of the test\n")
                    n += 1
                out.write(f"line {n:06d}")  # torn
                out.flush()
                time.sleep(0.004)
                out.write(" of the test\n")
                n += 1
                out.flush()
                if n // 5000 != (n - 101) // 5000:
                    out.close()
                    os.rename(folder + "/app.log", f"{folder}/app.log.{n}")
                    out = open(folder + "/app.log", "w")
            out.close()
            done.last = n
            done.set()
        writer = threading.Thread(target=write)
        writer.start()
        while writer.is_alive():
            time.sleep(0.35)
            c.kill()
            c.start()
        writer.join()
        wait_for(lambda: len(numbers(c.events("file:"))) >= done.last, 30, 0.5)
        c.stop()
        got = numbers(c.events("file:"))
        assert sorted(got) == list(range(done.last)), (len(got), len(set(got)), done.last)


def what_came_and_was_rotated_away_while_we_were_down_is_read_once():
    for end in (Collector.stop, Collector.kill):
        with Collector() as c:
            c.stop()
            folder = c.folder + "/logs"
            os.mkdir(folder)

            def write(name, first, last):
                with open(f"{folder}/{name}", "a") as out:
                    out.writelines(f"line {n:06d} of the test\n" for n in range(first, last))

            write("app.log.1", 900, 1000)  # older than jinwu
            write("app.log", 0, 100)
            write("copied.log", 100, 200)
            c.options = (f"--follow={folder}/*.log",)
            c.start()
            wait_for(lambda: len(c.events("file:")) == 200)
            wait_for(lambda: os.path.exists(c.folder + "/state/followed"))
            end(c)
            write("app.log", 200, 250)
            os.rename(folder + "/app.log", folder + "/app.log.3")
            write("app.log", 250, 300)
            os.rename(folder + "/app.log", folder + "/app.log.2")
            write("app.log", 300, 350)
            write("other.log", 350, 400)
            os.rename(folder + "/other.log", folder + "/other.log-20261121")
            shutil.copy(folder + "/copied.log", folder + "/copied.log.1")  # as logrotate's copytruncate does
            os.truncate(folder + "/copied.log", 0)
            write("copied.log", 400, 420)
            c.start()
            wait_for(lambda: len(c.events("file:")) >= 420)
            end(c)
            c.start()
            time.sleep(1.5)
            c.stop()
            got = numbers(c.events("file:"))
            assert sorted(got) == list(range(420)), [n for n in range(1000) if got.count(n) != (n < 420)]


def links_into_other_peoples_files_are_not_followed():
    with Collector() as c:
        folder = c.folder + "/logs"
        os.mkdir(folder)
        with open(c.folder + "/secret", "w") as out:
            out.write("a secret of root\n")
        with open(folder + "/mine.log", "w") as out:
            out.write("my own line\n")
        os.symlink(c.folder + "/secret", folder + "/foreign.log")
        with open(c.folder + "/plain", "w") as out:
            out.write("what root linked to\n")
        os.symlink(c.folder + "/plain", folder + "/good.log")
        os.chown(folder + "/foreign.log", 65534, 65534, follow_symlinks=False)
        os.mkfifo(folder + "/pipe.log")
        c.stop()
        c.options = (f"--follow={folder}",)
        c.start()
        wait_for(lambda: len(c.events("file:")) >= 2)
        time.sleep(1.2)
        sources = sorted(e["gov.source"].rsplit("/")[-1] for e in c.events("file:"))
        assert sources == ["good.log", "mine.log"], sources
        assert c.stats("files_refused", "follow") >= 1


def a_file_emptied_in_place_is_read_anew():
    with Collector() as c:
        path = c.folder + "/app.log"
        c.stop()
        c.options = (f"--follow={path}",)
        c.start()
        write_lines(path, 500, "first")
        wait_for(lambda: len(c.events("file:")) == 500)
        shutil.copy(path, path + ".1")
        with open(path, "r+") as out:
            out.truncate(0)
        write_lines_again = open(path, "a")
        write_lines_again.writelines(f"second {n:06d} of the test\n" for n in range(700))
        write_lines_again.close()
        wait_for(lambda: len(c.events("file:")) >= 1200)
        c.kill()
        c.start()
        time.sleep(2.5)
        c.stop()
        assert sorted(numbers(c.events("file:"), "first")) == list(range(500))
        assert sorted(numbers(c.events("file:"), "second")) == list(range(700))


def jinwu_send_is_kept_exactly_once():
    with Collector() as c:
        path, count = c.folder + "/bulk.log", 300000
        write_lines(path, count)
        send = subprocess.Popen([BUILD + "/jinwu", "send", "--data", c.folder, "--source", "old logs", path, "-"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4):
            time.sleep(0.3)
            c.kill()
            c.start()
        out, err = send.communicate(b"the last line", timeout=60)
        assert send.returncode == 0, err
        assert json.loads(out)["events"] == count + 1, out
        c.stop()
        events = c.events("old logs")
        assert sorted(numbers(events)) == list(range(count)) and len(events) == count + 1
        nobody = subprocess.run([BUILD + "/jinwu", "send", "--data", c.folder, "--wait", "0", path], capture_output=True)
        assert nobody.returncode == 1 and b"is jinwu running?" in nobody.stderr, nobody


CASES = [any_bytes_become_events, a_slow_peer_holds_nobody_up, silent_connections_shut_nobody_out,
         one_address_cannot_take_the_places_of_all, links_into_other_peoples_files_are_not_followed,
         udp_counts_every_datagram_when_the_spool_is_full, tcp_waits_when_the_spool_is_full, a_reload_keeps_connections, logger_delivers, rsyslog_delivers_in_every_way,
         syslog_ng_delivers, nothing_acknowledged_over_relp_is_lost_by_kill_9, followed_files_are_kept_exactly_once,
         what_came_and_was_rotated_away_while_we_were_down_is_read_once,
         a_file_emptied_in_place_is_read_anew, jinwu_send_is_kept_exactly_once]

rsyslog = debian.find("rsyslogd", "rsyslog", "rsyslog-relp", "rsyslog-gnutls")
syslog_ng = debian.find("syslog-ng", "syslog-ng-core")
good = True
for run in CASES:
    name = run.__name__
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        continue
    if ("rsyslog" in name or "relp" in name) and not rsyslog:
        print(f"skip {name}: rsyslog is not installed and cannot be downloaded")
    elif "syslog_ng" in name and not syslog_ng:
        print(f"skip {name}: syslog-ng is not installed and cannot be downloaded")
    else:
        good &= case(name, run)
sys.exit(0 if good else 1)

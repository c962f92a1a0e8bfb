"""A full spool, as its sender and its operator see it: push-back for who can wait, a counted drop for who cannot, and
recovery without loss. The reader that lags is a loader that was stopped (SIGSTOP), as a lake that hangs would do it."""

import os
import signal
import socket
import sys
import threading
import time

from scenario import Platform, case, wait_for

LINE = b"<13>Nov 20 10:00:00 quota app: %s %09d " + b"x" * 800 + b"\n"
SPOOL_MIB = 16


class Tcp(threading.Thread):
    """Sends lines until told to stop; `sent` counts those the kernel took."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.link = socket.create_connection(("127.0.0.1", port))
        self.sent, self.go_on = 0, True

    def run(self):
        while self.go_on:
            try:
                self.link.sendall(b"".join(LINE % (b"tcp", self.sent + i) for i in range(50)))
            except OSError:
                return
            self.sent += 50
        self.link.close()


def main():
    sent, out = [0], socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with Platform({"collect": {"spool-mib": SPOOL_MIB, "segment-mib": 1, "in-flight-mib": 8}}) as jinwu:
        loader = jinwu.pid("jw-loader")
        os.kill(loader, signal.SIGSTOP)
        tcp = Tcp(jinwu.port["syslog-tcp"])
        tcp.start()

        def pushes_back():
            """The sender's sends block: the count stands still for two seconds."""
            before = -1
            end = time.monotonic() + 60
            while tcp.sent != before:
                assert time.monotonic() < end, "TCP was never pushed back"
                before = tcp.sent
                time.sleep(2)
            assert before > 1000, f"only {before} lines went in before the push-back"
            used = sum(os.path.getsize(os.path.join(jinwu.data, "spool/events", name))
                       for name in os.listdir(os.path.join(jinwu.data, "spool/events")))
            assert used <= (SPOOL_MIB + 1) << 20, f"the spool grew to {used} bytes"

        def send_udp(count):
            for _ in range(count):
                out.sendto((LINE % (b"udp", sent[0]))[:-1], ("127.0.0.1", jinwu.port["syslog-udp"]))
                sent[0] += 1

        def udp_counts():
            """Received (of which some were dropped), dropped after that, dropped by the kernel before."""
            dropped, kernel = (jinwu.counter("events_dropped_total", "syslog-udp:" + peer)
                               for peer in ("127.0.0.1", "kernel"))
            return jinwu.counter("events_received_total", "syslog-udp:127.0.0.1"), dropped, kernel

        def udp_is_dropped_and_counted():
            for _ in range(200):  # 12 MB: the last tenth of the spool, the memory in flight, then nothing is left
                send_udp(75)
                time.sleep(0.005)

            def all_told():
                send_udp(1)  # the kernel tells what it dropped with the next datagram
                time.sleep(0.2)
                received, dropped, kernel = udp_counts()
                return dropped > 0 and received + kernel == sent[0]

            wait_for(all_told, 30, 0.1)

        def everything_that_was_taken_arrives():
            os.kill(loader, signal.SIGCONT)
            time.sleep(1)
            tcp.go_on = False
            tcp.join(60)
            assert not tcp.is_alive(), "the TCP sender is still pushed back"
            want = tcp.sent
            wait_for(lambda: jinwu.count("tcp", **{"from": "2000-01-01"}) >= want, 60, 0.5)
            assert jinwu.count("tcp", **{"from": "2000-01-01"}) == want

        def udp_adds_up():
            received, dropped, kernel = udp_counts()
            found = jinwu.count("udp", **{"from": "2000-01-01"})
            print(f"  UDP: sent {sent[0]}, found {found}, dropped by us {dropped}, by the kernel {kernel}; TCP: {tcp.sent}")
            assert found + dropped + kernel == sent[0]
            assert jinwu.counter("events_dropped_total") == dropped + kernel, "TCP was dropped"

        def there_is_room_again():
            send_udp(100)
            wait_for(lambda: jinwu.counter("spool_fill_permille") < 500 and jinwu.counter("lag_events") == 0, 30, 0.1)
            received, dropped, kernel = udp_counts()
            found = wait_for(lambda: jinwu.count("udp", **{"from": "2000-01-01"}) == sent[0] - dropped - kernel, 20, 0.2)
            assert found and received + kernel == sent[0]

        good = [case(run.__name__, run) for run in
                (pushes_back, udp_is_dropped_and_counted, everything_that_was_taken_arrives, udp_adds_up,
                 there_is_room_again)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

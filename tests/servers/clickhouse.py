"""Debian's clickhouse-server (18.16) in a folder of its own, as the nodes of one cluster called "jinwu"."""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

CONFIG = """<yandex>
<logger><level>warning</level><console>1</console></logger>
<http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><interserver_http_port>{inter}</interserver_http_port>
<listen_host>127.0.0.1</listen_host><path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
<mark_cache_size>67108864</mark_cache_size><users_config>users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<remote_servers><jinwu>{shards}</jinwu></remote_servers></yandex>"""
SHARD = "<shard><replica><host>127.0.0.1</host><port>{tcp}</port></replica></shard>"
USERS = """<yandex><profiles><default><skip_unavailable_shards>1</skip_unavailable_shards></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></default></users><quotas><default/></quotas></yandex>"""


def available():
    return shutil.which("clickhouse-server") is not None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    def __init__(self, folder):
        self.folder = folder
        self.http, self.tcp, self.inter = free_port(), free_port(), free_port()
        self.process = None
        os.makedirs(os.path.join(folder, "tmp"), exist_ok=True)
        os.makedirs(os.path.join(folder, "data"), exist_ok=True)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.http}"

    def start(self, seconds=30):
        with open(os.path.join(self.folder, "log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["clickhouse-server", f"--config-file={self.folder}/config.xml"],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, "clickhouse-server ended: " + self.folder
            try:
                if self.ask("SELECT 1") == "1":
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError("clickhouse-server does not answer: " + self.folder)

    def stop(self, kill=False):
        if self.process and self.process.poll() is None:
            (self.process.kill if kill else self.process.terminate)()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def ask(self, sql):
        with urllib.request.urlopen(self.address, data=sql.encode(), timeout=30) as answer:
            return answer.read().decode().strip()


class Cluster:
    """`with Cluster(folder, 2) as nodes:`"""

    def __init__(self, folder, count):
        self.nodes = [Node(os.path.join(folder, f"node{i}")) for i in range(count)]
        shards = "".join(SHARD.format(tcp=node.tcp) for node in self.nodes)
        for node in self.nodes:
            with open(os.path.join(node.folder, "config.xml"), "w", encoding="utf-8") as file:
                file.write(CONFIG.format(http=node.http, tcp=node.tcp, inter=node.inter, folder=node.folder, shards=shards))
            with open(os.path.join(node.folder, "users.xml"), "w", encoding="utf-8") as file:
                file.write(USERS)

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
        except BaseException:
            self.__exit__()
            raise
        return self.nodes

    def __exit__(self, *_):
        for node in self.nodes:
            node.stop()

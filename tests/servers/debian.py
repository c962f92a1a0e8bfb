"""Programs of Debian packages that may not be installed together: taken from the system, else unpacked beside the build.

    program = find("syslog-ng", "syslog-ng-core")     # None when it is neither here nor to be had
    subprocess.Popen([program.path, ...], env=program.env(...))
"""

import glob
import os
import re
import shutil
import subprocess


class Program:
    def __init__(self, path, root=None):
        self.path = path
        self.root = root  # None: installed

    def env(self, **more):
        env = dict(os.environ, **more)
        if self.root:
            env["LD_LIBRARY_PATH"] = ":".join(self.libraries())
        return env

    def libraries(self):
        """Every folder of the unpacked packages that holds a library."""
        return sorted({os.path.dirname(file) for place in ("/usr/lib", "/lib")
                       for file in glob.glob(self.root + place + "/**/*.so*", recursive=True)})

    def modules(self, folder):
        """Where its plug-ins lie when it is unpacked, below /usr/lib or its triplet; None: the built-in place."""
        if not self.root:
            return None
        found = glob.glob(f"{self.root}/usr/lib/{folder}") + glob.glob(f"{self.root}/usr/lib/*-linux-gnu/{folder}")
        return found[0] if found else None


def needed(package):
    """The packages `package` needs that are not installed, itself first."""
    text = subprocess.run(["apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
                           "--no-breaks", "--no-replaces", "--no-enhances", package],
                          capture_output=True, text=True).stdout
    names = [line for line in text.splitlines() if re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", line)]
    installed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n"], capture_output=True,
                               text=True).stdout
    there = {line.split()[0] for line in installed.splitlines() if line.split()[1:] == ["ii"]}
    return [package] + [name for name in names if name not in there and name != package]


def find(name, *packages):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path:
        return Program(path)
    build = os.environ.get("JW_BUILD", "build")
    root = os.path.abspath(os.path.join(build, "servers", packages[0]))
    if not os.path.exists(root + "/done"):
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root)
        for package in dict.fromkeys(n for p in packages for n in needed(p)):
            # adduser and the like are only needed to install
            subprocess.run(["apt-get", "download", "-qq", package], cwd=root, capture_output=True, timeout=60)
        for file in glob.glob(root + "/*.deb"):
            subprocess.run(["dpkg", "-x", file, root], capture_output=True)
            os.unlink(file)
        if glob.glob(f"{root}/usr/sbin/{name}"):
            open(root + "/done", "w").close()
    found = glob.glob(f"{root}/usr/sbin/{name}")
    return Program(found[0], root) if found else None

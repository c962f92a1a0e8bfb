"""The console as people meet it: Chromium drives the real platform. And its weight: what a first visit loads."""

import os
import re
import shutil
import subprocess
import sys

from world import PASSWORD, SOURCE, City
from scenario import BUILD, case

BUDGET = 400 << 10  # bytes, packed: the page and what it loads before anything is clicked


def the_first_visit_weighs_less_than_400_kb():
    site = os.path.join(BUILD, "console/site")
    with open(os.path.join(site, "index.html"), encoding="utf-8") as file:
        named = re.findall(r'(?:src|href)="/(assets/[^"]+\.(?:js|css))"', file.read())
    weight = sum(os.path.getsize(os.path.join(site, name + ".gz")) for name in named)
    print(f"  {weight >> 10} KB in {len(named)} files")
    assert named and weight < BUDGET, weight


def nothing_comes_from_elsewhere():
    for folder, _, names in os.walk(os.path.join(BUILD, "console/site")):
        for name in names:
            if name.endswith((".html", ".css")):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    assert not re.search(r"(src|href|url\()\s*=?\s*[\"']?https?:", file.read()), name


if not shutil.which("chromium"):
    print("skip console in a browser: chromium is not installed")
    sys.exit(0)
good = all([case(run.__name__, run) for run in (the_first_visit_weighs_less_than_400_kb, nothing_comes_from_elsewhere)])
with City() as city:
    city.settle()
    told = {"JW_SOURCE": SOURCE, "JW_BASE": f"https://127.0.0.1:{city.port['https']}", "JW_FIRST": city.first, "JW_PASSWORD": PASSWORD}
    done = subprocess.run(["node", os.path.join(SOURCE, "tests/console/drive.mjs")], env={**os.environ, **told}, timeout=280)
sys.exit(0 if good and done.returncode == 0 else 1)

"""Runs the tests of a Meson build folder and counts what they promise.

A test program prints a line for each promise: "ok NAME", "FAIL NAME", "skip NAME: reason". A program without such
lines counts as one. Tests run side by side on the cores there are, the ones that are not parallel run alone. The last
line is "N passed, N failed" (", N skipped" may follow); the exit status is 1 when anything failed.

Use: run_tests.py BUILD [WORD...]   only tests whose names contain one of the words
"""

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

LINE = re.compile(r"^(ok|FAIL|skip) (.+)$", re.M)
COULD_NOT_RUN = 77  # Meson's and automake's exit status for it


def load(build):
    listed = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True)
    return json.loads(listed.stdout)


def run(test, build):
    start = time.monotonic()
    try:
        done = subprocess.run(test["cmd"], env={**os.environ, **test["env"]}, cwd=test["workdir"] or build,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=test["timeout"])
        code, out = done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        code, out = -1, (late.stdout or b"").decode("utf-8", "replace") + f"\nno end after {test['timeout']} s"
    return test, code, out, time.monotonic() - start


def count(code, out):
    """(passed, failed, what was skipped and why)"""
    found = LINE.findall(out)
    passed = sum(kind == "ok" for kind, _ in found)
    failed = sum(kind == "FAIL" for kind, _ in found)
    skipped = [name for kind, name in found if kind == "skip"]
    if code == COULD_NOT_RUN:
        return passed, failed, skipped or [out.strip()[-200:]]
    if code != 0 and not failed:
        failed = 1  # it died: a crash, a sanitizer's report, a time-out
    if code == 0 and not found:
        passed = 1
    return passed, failed, skipped


def report(result, totals):
    test, code, out, took = result
    passed, failed, skipped = count(code, out)
    for i, n in enumerate((passed, failed, len(skipped))):
        totals[i] += n
    print(f"{'FAIL' if failed else 'ok  '} {test['name']:<28} {passed:>4} passed  {took:6.1f} s")
    for reason in skipped:
        print(f"       skipped {reason}")
    for line in out.splitlines():
        if line.startswith("score "):
            print(f"       {line}")
    if failed:
        print("       " + "\n       ".join(out.strip().splitlines()[-60:]))
    sys.stdout.flush()


def main():
    build, words = sys.argv[1], sys.argv[2:]
    tests = [t for t in load(build) if not words or any(w in t["name"] for w in words)]
    totals = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        together = [pool.submit(run, t, build) for t in tests if t["is_parallel"]]
        for done in concurrent.futures.as_completed(together):
            report(done.result(), totals)
    for test in tests:
        if not test["is_parallel"]:
            report(run(test, build), totals)
    print(f"{totals[0]} passed, {totals[1]} failed" + (f", {totals[2]} skipped" if totals[2] else ""))
    return 1 if totals[1] or not tests else 0


if __name__ == "__main__":
    sys.exit(main())

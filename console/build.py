"""Builds the console when something in it changed: build.py SOURCE OUT STAMP DEPFILE. Ninja calls it; the depfile names
every source and folder, so that a new file is seen as well."""

import os
import subprocess
import sys

source, out, stamp, depfile = sys.argv[1:]
if not os.path.isdir(os.path.join(source, "node_modules/vite")):
    sys.exit("console: node_modules is missing; tools/install brings it")

inputs = [os.path.join(source, name) for name in
          ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "build.py")]
for folder, folders, names in os.walk(os.path.join(source, "src")):
    inputs += [folder] + [os.path.join(folder, name) for name in names]

node = ["node", os.path.join(source, "node_modules/vite/bin/vite.js"), "build", "--outDir", os.path.abspath(out),
        "--logLevel", "warn"]
done = subprocess.run(node, cwd=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                      env={**os.environ, "NODE_ENV": "production"})
if done.returncode != 0:
    sys.exit(done.stdout)
with open(depfile, "w", encoding="utf-8") as file:
    file.write(f"{stamp}: {' '.join(path.replace(' ', chr(92) + ' ') for path in sorted(inputs))}\n")
with open(stamp, "w", encoding="utf-8"):
    pass

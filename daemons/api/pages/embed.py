"""Writes files as C arrays: embed.py OUT.h FILE… gives `static const char NAME[]` and its size for each."""
import os
import sys

with open(sys.argv[1], "w", encoding="ascii") as out:
    for path in sys.argv[2:]:
        with open(path, "rb") as file:
            data = file.read()
        name = os.path.basename(path).replace(".", "_")
        out.write(f"static const unsigned char page_{name}[] = {{{','.join(map(str, data))}}};\n")

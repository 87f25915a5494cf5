#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every include points down: checks src/ and functions/ against tools/layers.txt."""
import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def read_rules():
    layers, libraries = {}, {}
    for line in (ROOT / "tools/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if "->" in line:
            folder, allowed = line.split("->")
            layers[folder.strip()] = allowed.split()
        elif ":" in line:
            header, users = line.split(":")
            libraries[header.strip()] = users.split()
    return layers, libraries


def folder_of(path):
    """'svc/ssm/node.h' -> 'svc/ssm'; 'base/str.h' -> 'base'."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "svc" else parts[0]


def may_include(rules, here, there):
    if here == there:
        return True
    for pattern, allowed in rules.items():
        if fnmatch.fnmatch(here, pattern):
            return any(fnmatch.fnmatch(there, a) for a in allowed)
    return False


def check_file(layers, libraries, path, name):
    here = folder_of(name)
    for mark, header in INCLUDE.findall(path.read_text()):
        if mark == '"':
            if not may_include(layers, here, folder_of(header)):
                yield f"{name}: includes {header}, which {here} may not"
            continue
        for library, users in libraries.items():
            if header.startswith(library) and not any(name.startswith(u) for u in users):
                yield f"{name}: includes <{header}>, which is for {' '.join(users)}"


def main():
    layers, libraries = read_rules()
    problems, seen = [], 0
    for top, prefix in (("src", ""), ("functions", "functions/")):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix not in (".c", ".h", ".cc"):
                continue
            seen += 1
            name = prefix + str(path.relative_to(ROOT / top))
            problems += check_file(layers, libraries, path, name)
    for problem in problems:
        print(problem)
    print(f"{seen} files, {len(problems)} includes that point up or across")
    return 1 if problems or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

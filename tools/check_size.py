#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Functions <= 70 lines, .c <= 800, .h <= 250, lines <= 100 columns, an SPDX line in each file."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMITS = {".c": 800, ".cc": 800, ".h": 250}
FUNCTION_LIMIT = 70
WIDTH = 100


def functions(lines):
    """(name, first line, length) of each function: '{' alone in column 0 to '}' in column 0."""
    start = name = None
    for number, line in enumerate(lines, 1):
        if line == "{" and start is None:
            start = number
            head = " ".join(lines[max(0, number - 6):number - 1])
            found = re.findall(r"(\w+)\s*\(", head)
            name = found[0] if found else "?"
        elif line.startswith("}") and start is not None:
            yield name, start, number - start - 1
            start = None


def check(path, is_test):
    text = path.read_text()
    lines = text.splitlines()
    where = path.relative_to(ROOT)
    if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(lines[:3]):
        yield f"{where}: no SPDX line"
    if path.suffix in LIMITS and len(lines) > LIMITS[path.suffix] * (2 if is_test else 1):
        yield f"{where}: {len(lines)} lines"
    fenced = False
    for number, line in enumerate(lines, 1):
        fenced = "clang-format off" in line or (fenced and "clang-format on" not in line)
        if len(line.expandtabs(8)) > WIDTH and not fenced and path.suffix in LIMITS:
            yield f"{where}:{number}: {len(line)} columns"
        if line != line.rstrip():
            yield f"{where}:{number}: white space at the end"
    if path.suffix in (".c", ".cc"):
        for name, start, length in functions(lines):
            if length > FUNCTION_LIMIT:
                yield f"{where}:{start}: {name} has {length} lines"


def main():
    problems, seen = [], 0
    for top in ("src", "functions", "tests", "tools"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".c", ".h", ".cc", ".py", ".sh") and "__pycache__" not in path.parts:
                seen += 1
                problems += check(path, top == "tests")
    for problem in problems:
        print(problem)
    print(f"{seen} files, {len(problems)} past the limits")
    return 1 if problems or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the JUnit files of a test run; a suite without one counts as one test."""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
            print(f"FAILED {path.stem}: {case.get('classname')} {case.get('name')}")
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    folder = pathlib.Path(sys.argv[1])
    passed = failed = skipped = 0
    for status in sorted(folder.glob("*.status")):
        report = status.with_suffix(".xml")
        is_ok = status.read_text().strip() == "ok"
        counts = count(report) if report.exists() else (int(is_ok), int(not is_ok), 0)
        if not is_ok and counts[1] == 0:  # it ended badly without naming a test
            print(f"FAILED {status.stem}: {status.read_text().strip()}")
            counts = (counts[0], 1, counts[2])
        print(f"{status.stem}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
        passed, failed, skipped = (a + b for a, b in zip((passed, failed, skipped), counts))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Random baselines and packages: the shipped decision against decision_model.py's. A wrong
"compliant" is the worst thing there is to say, so a second opinion has to agree on each."""
import collections
import copy
import json
import random
import subprocess

import pytest

from conftest import BUILD
from decision_model import DAY, LEVELS, Baseline

NOW = 1_800_000_000_000  # 2027-01-15T08:00:00Z
DATES = [NOW - days * DAY for days in (0, 1, 7, 30)] + \
    [1_799_971_199_999, 1_797_379_199_999]  # the ends of 2027-01-14 and of 2026-12-15
ROUNDS = 500
FAMILIES = {
    "apt": {"DEBIAN": "Debian12", "UBUNTU": "Ubuntu22.04", "RASPBIAN": "Raspbian12"},
    "rpm": {"REDHAT_ENTERPRISE_LINUX": "RedhatEnterpriseLinux9.4", "ROCKY_LINUX": "RockyLinux9.4",
            "AMAZON_LINUX_2023": "AmazonLinux2023", "CENTOS": "CentOS9",
            "ORACLE_LINUX": "OracleLinux9.4", "ALMA_LINUX": "AlmaLinux9.4"},
    "zypper": {"SUSE": "Suse15.5"},
}
NAMES = ("openssl", "openssl-libs", "libssl3", "bash", "kernel", "a.b+c")
VERSIONS = ("1:3.0.7-27.el9", "3.0.7-27.el9", "0:1.0-1", "1.0-2", "2:3.0.7-28.el9")
IDS = ("RHSA-2026:0001", "RHBA-2026:0002", "ALAS-2026-3", "openSUSE-SLE-15.5-2026-4")
CVES, BUGS = ("CVE-2026-1000", "CVE-2026-2000"), ("1234567", "7654321")
CLASSES = ("Security", "Bugfix", "Enhancement", "Recommended", "Optional", "security", "")
SEVERITIES = ("Critical", "Important", "Moderate", "Medium", "Low", "None", "")
PRIORITIES = ("required", "important", "standard", "optional", "extra", "")
SECTIONS = ("libs", "admin", "non-free/libs", "contrib/non-free/net", "")
WORDS = {"CLASSIFICATION": (*CLASSES[:-1], "Sec*", "*fix"), "SEVERITY": (*SEVERITIES[:-1], "M*"),
         "PRIORITY": ("Required", "Important", "standard", "opt*"),
         "SECTION": ("libs", "LIBS", "non-free/libs", "non-free/*", "*net", "admin")}
SOURCES = {"apt": "deb http://127.0.0.1/debian test main",
           "rpm": "[test]\nbaseurl=http://127.0.0.1/test"}


class Dice(random.Random):
    """What is drawn is a valid document; rare things are drawn often enough to meet."""

    def some(self, items, most):
        return self.sample(items, self.randint(0, min(most, len(items))))

    def one_in(self, n):
        return self.randrange(n) == 0

    def instant(self):
        """Around the instants at which rules change their minds, to the millisecond."""
        if self.one_in(4):
            return 0  # unknown
        return self.choice(DATES) + self.choice((0, 0, 1, -1, 3_600_000))

    def filters(self, family, product, most):
        keys = ("PRODUCT", "PRIORITY", "SECTION") if family == "apt" else \
            ("PRODUCT", "CLASSIFICATION", "SEVERITY")
        words = {**WORDS, "PRODUCT": (product, product.lower(), product[:4] + "*", "Other1")}
        return [{"key": key, "values": ["*"] if self.one_in(4) else
                 self.some(words[key], 2) or [self.choice(words[key])]}
                for key in self.choices(keys, k=self.randint(0, most))]

    def rule(self, family, product):
        rule = {"filterGroup": {"filters": self.filters(family, product, 3)},
                "complianceLevel": self.choice(LEVELS), "enableNonSecurity": self.one_in(3)}
        if self.one_in(3):
            rule["approveUntilDate"] = self.choice(("2027-01-14", "2027-01-15", "2026-12-15"))
        elif family != "apt" or self.one_in(2):
            rule["approveAfterDays"] = self.choice((0, 1, 7, 30, 360))
        return rule

    def entry(self):
        """Of a list, in every form that some package manager has."""
        name, version = self.choice(NAMES), self.choice(VERSIONS)
        arch = self.choice(("x86_64", "noarch"))
        full = f"{name}-{version}.{arch}"
        return self.choice((
            name, name, name + "*", name[:3] + "*", "*" + name[-3:], name.upper(), full, full,
            full.replace("1:", ""), full + ".rpm", f"{name}-3.0.7*", f"{name}.{arch}",
            f"{name}={version}", *IDS, *CVES, *BUGS, "RHSA-*", "CVE-2026*"))

    def baseline(self, family, os, product):
        document = {
            "operatingSystem": os, "baselineId": "pb-0123456789abcdef0", "name": "random",
            "globalFilters": {"filters": self.filters(family, product, 2) if self.one_in(3)
                              else []},
            "approvalRules": {"rules": [self.rule(family, product)
                                        for _ in range(self.randint(0, 4))]},
            "approvedPatches": [self.entry() for _ in range(self.choice((0, 0, 1, 4)))],
            "approvedPatchesComplianceLevel": self.choice(LEVELS),
            "approvedPatchesEnableNonSecurity": self.one_in(2),
            "rejectedPatches": [self.entry() for _ in range(self.choice((0, 0, 1, 3)))],
            "rejectedPatchesAction": self.choice(("BLOCK", "ALLOW_AS_DEPENDENCY"))}
        if self.one_in(4):
            document["sources"] = [{
                "name": "mine", "products": [self.choice((product, "*", "Other1"))],
                "configuration": SOURCES["apt" if family == "apt" else "rpm"]}]
        return document

    def version(self, family):
        version = {"version": self.choice(VERSIONS), "security": self.one_in(2)}
        if family == "apt":
            return version | {"priority": self.choice(PRIORITIES),
                              "section": self.choice(SECTIONS)}
        version["releasedAt"] = self.instant()
        if self.one_in(4):
            return version
        notices = [{"id": id, "classification": self.choice(CLASSES),
                    "severity": self.choice(SEVERITIES), "updatedAt": self.instant()}
                   for id in self.some(IDS, 3)]
        for key in ("classification", "severity"):
            version[key] = notices[0][key] if notices else ""
        return version | {"notices": notices, "cves": self.some(CVES, 2),
                          "bugs": self.some(BUGS, 2)}

    def package(self, family):
        package = {"name": self.choice(NAMES), "arch": self.choice(("x86_64", "noarch"))}
        if not self.one_in(8):
            package["installed"] = self.version(family)
        if "installed" not in package or not self.one_in(3):
            package["candidate"] = self.version(family)
        package["update"] = {"installed", "candidate"} <= package.keys() and not self.one_in(6)
        for flag in ("held", "phased", "broken", "failed", "pendingReboot"):
            package[flag] = self.one_in(7)
        return package

    def case(self, family):
        os, product = self.choice(list(FAMILIES[family].items()))
        return {"baseline": self.baseline(family, os, product), "now": NOW,
                "facts": {"operatingSystem": os, "product": product,
                          "packages": [self.package(family) for _ in range(8)]}}


class Program:
    def __init__(self):
        self.process = subprocess.Popen([BUILD / "tests/model/decisions"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def decide(self, case):
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the program gave up on {json.dumps(case)}"
        return [(d["state"], d["level"], d["install"]) for d in json.loads(line)]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0
        self.process.stdout.close()


@pytest.fixture(scope="module")
def program():
    program = Program()
    yield program
    program.close()


def model(case):
    baseline = Baseline(case["baseline"], case["facts"]["product"])
    return [baseline.decide(package, case["now"]) for package in case["facts"]["packages"]]


def smaller(node):
    """The document without one of its lists' items, or one of its packages' members."""
    def walk(node, path):
        if isinstance(node, list):
            yield from ((*path, i) for i in range(len(node)) if path[-1] != "values" or
                        len(node) > 1)
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(child, (dict, list)):
                yield from walk(child, (*path, key))
            elif child is True or path[:2] == ("facts", "packages") and child in (0, ""):
                yield (*path, key)

    for path in walk(node, ()):
        copied = copy.deepcopy(node)
        parent = copied
        for key in path[:-1]:
            parent = parent[key]
        if parent[path[-1]] is True and path[0] == "baseline":
            parent[path[-1]] = False
        else:
            del parent[path[-1]]
        yield copied


def shrunk(case, differs):
    """The smallest case that still differs, going one step at a time."""
    for one in smaller(case):
        if differs(one):
            return shrunk(one, differs)
    return case


@pytest.mark.parametrize("family", FAMILIES)
def test_a_second_opinion_agrees(program, family):
    dice, seen = Dice(f"decisions of {family}"), collections.Counter()
    for _ in range(ROUNDS):
        case = dice.case(family)
        decided = program.decide(case)
        if decided != model(case):
            case = shrunk(case, lambda c: program.decide(c) != model(c))
            pytest.fail(f"the program says {program.decide(case)}, the model {model(case)} of\n"
                        + json.dumps(case, indent=1))
        seen.update(state for state, *_ in decided)
    # What was drawn has to be worth the comparison: each state many times.
    assert len(seen) == 7 and min(seen.values()) >= 20, seen

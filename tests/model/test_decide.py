# SPDX-License-Identifier: Apache-2.0
"""The patch decision against a second one, written from AWS's documentation (Patch Manager: "How
patch baseline rules work", "Package name formats for approved and rejected patch lists", "Patch
compliance state values") and not from ours: thousands of random baselines and hosts, on which
both have to say the same.

A seed makes a case: PATCHBAY_SEED=N runs that one again."""
import datetime
import fnmatch
import itertools
import json
import os
import random
import subprocess

import pytest

from conftest import BUILD

DAY = 24 * 3600 * 1000
NOW = int(datetime.datetime(2026, 3, 10, 12, tzinfo=datetime.timezone.utc).timestamp() * 1000)
SEEDS = [int(os.environ["PATCHBAY_SEED"])] if "PATCHBAY_SEED" in os.environ else range(4000)
APT, RPM, ZYPPER = ("DEBIAN", "UBUNTU"), ("REDHAT_ENTERPRISE_LINUX", "ROCKY_LINUX", "CENTOS",
                                          "AMAZON_LINUX_2023", "ORACLE_LINUX"), ("SUSE",)
PRODUCTS = {"DEBIAN": "Debian12", "UBUNTU": "Ubuntu22.04", "SUSE": "Suse15.5",
            "REDHAT_ENTERPRISE_LINUX": "RedhatEnterpriseLinux9.4", "ROCKY_LINUX": "RockyLinux9.4",
            "CENTOS": "CentOS9", "AMAZON_LINUX_2023": "AmazonLinux2023",
            "ORACLE_LINUX": "OracleLinux9.4"}
LEVELS = ["UNSPECIFIED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
CLASSES = ["Security", "Bugfix", "Enhancement", "Recommended", "Newpackage"]
SEVERITIES = ["Critical", "Important", "Moderate", "Low"]
PRIORITIES = ["Required", "Important", "Standard", "Optional", "Extra"]
SECTIONS = ["libs", "admin", "net"]
NAMES = ["openssl", "openssl-libs", "kernel", "zlib", "python3.11", "bash", "curl+tls"]


# --- what the documentation says ---

def like(pattern, text, case=True):
    """'*' is any text; all else is itself."""
    parts = pattern.split("*")
    expression = "*".join("".join(f"[{c}]" if c in "?[" else c for c in part) for part in parts)
    if not case:
        return fnmatch.fnmatchcase(text.lower(), expression.lower())
    return fnmatch.fnmatchcase(text, expression)


def meets(filters, facts, version, notice):
    """Filters are all to be met, each by one of its values."""
    about = notice or version
    for one in filters:
        has = {"PRODUCT": [PRODUCTS[facts["os"]]],
               "PRIORITY": [version.get("priority", "")],
               "SECTION": [version.get("section", ""), version.get("section", "").split("/")[-1]],
               "CLASSIFICATION": [about.get("classification", "")],
               "SEVERITY": [about.get("severity", "")]}[one["key"]]
        if has == ["Moderate"] or has == ["Medium"]:
            has = ["Moderate", "Medium"] if one["key"] == "SEVERITY" else has
        if not any(like(v, h, case=False) for v in one["values"] for h in has):
            return False
    return True


def is_due(rule, facts, baseline, released):
    """ "Approval dates are not supported for Debian and Ubuntu." Elsewhere a version without any
    date waits for nothing, but one of an alternative repository that does not fit the rule."""
    if facts["os"] in APT:
        return True
    if not released:
        replaced = any(PRODUCTS[facts["os"]] in s["products"] or "*" in s["products"]
                       for s in baseline["sources"])
        return not (replaced and "approveAfterDays" in rule and not rule["enableNonSecurity"])
    if "approveUntilDate" in rule:
        day = datetime.datetime.fromisoformat(rule["approveUntilDate"])
        end = (day.replace(tzinfo=datetime.timezone.utc) + datetime.timedelta(days=1))
        return released < end.timestamp() * 1000
    return NOW > released + rule["approveAfterDays"] * DAY


def full_names(facts, version):
    """name-[epoch:]version-release.arch"""
    text = version["version"]
    return [f"{facts['name']}-{v}.{facts['arch']}" for v in {text, text.split(":", 1)[-1]}]


def is_named(entry, facts, version):
    if like(entry, facts["name"]):
        return True
    if facts["os"] in APT:
        return False
    if facts["os"] in ZYPPER:
        if any(like(entry, n["id"]) for n in version.get("notices", [])):
            return True
        entry = entry[:-4] if entry.endswith(".rpm") else entry
    return any(like(entry, n) for n in full_names(facts, version))


def is_listed(baseline, facts, version):
    """Only dnf's list may have bugs, CVEs and advisories."""
    ids = [] if facts["os"] in ZYPPER else (
        version.get("cves", []) + version.get("bugs", []) +
        [n["id"] for n in version.get("notices", [])])
    return any(is_named(entry, facts, version) or entry in ids
               for entry in baseline["approvedPatches"])


def approval(baseline, facts, version):
    """The compliance level at which this version is approved; None: it is not."""
    levels = []
    notices = version.get("notices") or [None]
    if any(meets(baseline["globalFilters"]["filters"], facts, version, n) for n in notices):
        for rule in baseline["approvalRules"]["rules"]:
            for notice in notices:
                released = notice.get("updatedAt") if notice else version.get("releasedAt")
                if (meets(rule["filterGroup"]["filters"], facts, version, notice)
                        and (version.get("security") or rule["enableNonSecurity"])
                        and is_due(rule, facts, baseline, released)):
                    levels.append(rule["complianceLevel"])
    if is_listed(baseline, facts, version) and (
            version.get("security") or baseline["approvedPatchesEnableNonSecurity"]):
        levels.append(baseline["approvedPatchesComplianceLevel"])
    return max(levels, key=LEVELS.index) if levels else None


def is_rejected(baseline, facts):
    versions = [facts[k] for k in ("installed", "candidate") if k in facts]
    return any(is_named(entry, facts, v) for entry in baseline["rejectedPatches"]
               for v in versions)


def decide(baseline, facts):
    """(state, level, whether an Install brings it in)"""
    if "installed" not in facts:
        level = None if is_rejected(baseline, facts) else approval(baseline, facts,
                                                                   facts["candidate"])
        return "NotApplicable", level or "UNSPECIFIED", False
    if is_rejected(baseline, facts):
        if baseline["rejectedPatchesAction"] == "BLOCK":
            return "InstalledRejected", "UNSPECIFIED", False
        level = None
    else:
        level = approval(baseline, facts, facts["candidate"]) if facts.get("update") else None
    if level and not facts.get("phased"):
        failed = facts.get("failed") or facts.get("broken")
        return "Failed" if failed else "Missing", level, not facts.get("held")
    level = None if is_rejected(baseline, facts) else approval(baseline, facts, facts["installed"])
    if facts.get("failed") or (facts.get("broken") and level):
        state = "Failed"
    elif facts.get("pendingReboot"):
        state = "InstalledPendingReboot"
    else:
        state = "Installed" if level else "InstalledOther"
    return state, level or "UNSPECIFIED", state == "Failed" and not facts.get("held")


# --- what is asked ---

class Dice(random.Random):
    def some(self, values, most):
        return self.sample(values, self.randint(0, min(most, len(values))))

    def maybe(self, chance):
        return self.random() < chance

    def filters(self, system):
        keys = {"PRODUCT": [PRODUCTS[system], "*", "Debian1*", "Other1"]}
        if system in APT:
            keys |= {"PRIORITY": PRIORITIES + ["*"], "SECTION": SECTIONS + ["non-free/libs", "*"]}
        else:
            keys |= {"CLASSIFICATION": CLASSES + ["*"], "SEVERITY": SEVERITIES + ["Medium", "*"]}
            if system in ZYPPER:
                keys["CLASSIFICATION"] = ["Security", "Recommended", "Optional", "*"]
                keys["SEVERITY"] = SEVERITIES + ["*"]
        return [{"key": key, "values": self.sample(keys[key], self.randint(1, 2))}
                for key in self.some(list(keys), 3)]

    def entries(self):
        """Of all managers: what is none of its own formats means nothing to a system."""
        names = NAMES + ["open*", "*ssl", "k*l", "*" if self.maybe(0.05) else "none"]
        names += ["openssl-1:3.0-2.x86_64", "openssl-3.0-2.x86_64", "kernel-0:5.1-1.*",
                  "zlib-3.0-2.x86_64", "CVE-2024-0001", "12345", "RHSA-2024:0001",
                  "SUSE-2024-1", "SUSE-2024-*", "bash-1:3.0-2.x86_64.rpm"]
        return self.some(names, 3)

    def rule(self, system):
        rule = {"filterGroup": {"filters": self.filters(system)},
                "complianceLevel": self.choice(LEVELS), "enableNonSecurity": self.maybe(0.3)}
        if self.maybe(0.6):
            return rule | {"approveAfterDays": self.choice([0, 1, 7, 30, 360])}
        return rule | {"approveUntilDate": self.choice(
            ["2026-01-01", "2026-03-09", "2026-03-10", "2027-01-01"])}

    def baseline(self, system):
        sources = [{"name": "other", "products": [self.choice([PRODUCTS[system], "*", "Other1"])],
                    "configuration": "deb http://127.0.0.1/ x main" if system in APT
                    else "[other]\nbaseurl=http://127.0.0.1/"}]
        return {"operatingSystem": system, "baselineId": "pb-0123456789abcdef0", "name": "random",
                "globalFilters": {"filters": self.filters(system) if self.maybe(0.3) else []},
                "approvalRules": {"rules": [self.rule(system) for _ in range(self.randint(0, 4))]},
                "approvedPatches": self.entries() if self.maybe(0.4) else [],
                "approvedPatchesComplianceLevel": self.choice(LEVELS),
                "approvedPatchesEnableNonSecurity": self.maybe(0.4),
                "rejectedPatches": self.entries() if self.maybe(0.3) else [],
                "rejectedPatchesAction": self.choice(["ALLOW_AS_DEPENDENCY", "BLOCK"]),
                "sources": sources if self.maybe(0.2) else []}

    def when(self):
        """Just before and just after the borders of days and of rules."""
        border = NOW - self.choice([0, 1, 7, 30, 360]) * DAY
        midnight = NOW - NOW % DAY + self.choice([0, DAY])
        return self.choice([border, border - 1, border + 1, midnight, midnight - 1,
                            1767225600000, 1767225600000 + DAY - 1, 1767225600000 + DAY])

    def version(self, system, text):
        version = {"version": text}
        if self.maybe(0.6):
            version["security"] = True
        if system in APT:
            return version | {"priority": self.choice(PRIORITIES + ["required"]),
                              "section": self.choice(SECTIONS + ["non-free/libs"])}
        if self.maybe(0.6):
            version["notices"] = [
                {"id": ident, "classification": self.choice(CLASSES),
                 "severity": self.choice(SEVERITIES + ["Medium", "None"]),
                 **({"updatedAt": self.when()} if self.maybe(0.8) else {})}
                for ident in self.some(["RHSA-2024:0001", "RHBA-2024:0002", "SUSE-2024-1"], 3)]
            version["cves"] = self.some(["CVE-2024-0001", "CVE-2024-0002"], 2)
            version["bugs"] = self.some(["12345", "54321"], 2)
        if not version.get("notices"):
            version.pop("notices", None)
            if self.maybe(0.8):
                version["releasedAt"] = self.when()
        return version

    def package(self, system, name):
        package = {"name": name, "arch": self.choice(["x86_64", "noarch"])}
        if self.maybe(0.9):
            package["installed"] = self.version(system, self.choice(["1:3.0-2", "0:5.1-1", "1-1"]))
            package["update"] = self.maybe(0.6)
        if package.get("update") or "installed" not in package:
            package["candidate"] = self.version(system, self.choice(["1:3.0-2", "0:5.2-1", "2-1"]))
        for flag, chance in (("held", 0.1), ("phased", 0.1), ("broken", 0.1), ("failed", 0.1),
                             ("pendingReboot", 0.1)):
            if "installed" in package and self.maybe(chance):
                package[flag] = True
        return package


class Decider:
    """A running `decide`."""

    def __init__(self):
        self.process = subprocess.Popen([BUILD / "tests/model/decide"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, baseline, packages):
        system = baseline["operatingSystem"]
        facts = {"operatingSystem": system, "product": PRODUCTS[system], "packages": packages}
        self.process.stdin.write(json.dumps(
            {"baseline": baseline, "facts": facts, "now": NOW}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["packages"]


@pytest.fixture(scope="module")
def decider():
    decider = Decider()
    yield decider
    decider.process.stdin.close()
    assert decider.process.wait(timeout=10) == 0
    decider.process.stdout.close()


def test_two_decisions_are_one(decider):
    seen = set()
    for seed in SEEDS:
        dice = Dice(seed)
        system = dice.choice(APT + RPM + ZYPPER)
        baseline = dice.baseline(system)
        packages = [dice.package(system, name) for name in NAMES]
        for package, ours in zip(packages, decider.ask(baseline, packages)):
            theirs = decide(baseline, package | {"os": system})
            assert (ours["state"], ours["level"], ours["install"]) == theirs, (
                f"PATCHBAY_SEED={seed}: {ours['reason']}\n{json.dumps(baseline, indent=1)}\n"
                f"{json.dumps(package, indent=1)}")
            seen.add((ours["state"], ours["level"], ours["install"]))
    if len(SEEDS) > 1:  # the dice reach every state at every level, where it has one
        assert {s for s, _, _ in seen} == {
            "Installed", "InstalledOther", "InstalledPendingReboot", "InstalledRejected",
            "Missing", "Failed", "NotApplicable"}
        assert {(s, l) for s, l, _ in seen} >= set(itertools.product(
            ("Missing", "Failed", "Installed"), LEVELS))

# SPDX-License-Identifier: Apache-2.0
"""What a patch baseline says of a package, written a second time: from AWS's documented rules,
not from engine/baseline.c. It reads the documents that a snapshot and a node's facts are."""
import datetime
import functools
import re

APT = ("DEBIAN", "UBUNTU", "RASPBIAN")
LEVELS = ("UNSPECIFIED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
DAY = 24 * 60 * 60 * 1000


@functools.cache
def wildcard(pattern, ignore_case):
    """'*' is any text, all else is itself."""
    text = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def like(pattern, text, ignore_case=False):
    return bool(wildcard(pattern, ignore_case).fullmatch(text))


class Baseline:
    def __init__(self, document, product):
        self.document, self.product = document, product
        self.os = document["operatingSystem"]
        self.apt, self.suse = self.os in APT, self.os == "SUSE"
        self.rules = document.get("approvalRules", {}).get("rules", [])
        self.filters = document.get("globalFilters", {}).get("filters", [])
        self.own_sources = any({product, "*"} & set(s["products"])
                               for s in document.get("sources", []))

    def advisories(self, version):
        """The package inherits type, severity and date from each notice it is listed in; a rule
        has to be met by one of them alone."""
        return version.get("notices") or [
            {"classification": version.get("classification", ""),
             "severity": version.get("severity", ""), "updatedAt": version.get("releasedAt", 0)}]

    def fits(self, filters, version, advisory):
        def texts(key):
            if key == "PRODUCT":
                return [self.product]
            if key == "PRIORITY":
                return [version.get("priority", "")]
            if key == "SECTION":  # "non-free/libs" is a section "libs" of an area
                section = version.get("section", "")
                return {section, section.rsplit("/", 1)[-1]}
            text = advisory.get(key.lower(), "")
            if key == "SEVERITY" and text.lower() in ("medium", "moderate"):
                return [text, "Medium", "Moderate"]
            return [text]

        def fits_one(filter):
            key = filter["key"]
            for value in filter["values"]:
                for text in texts(key):
                    other = key == "SEVERITY" and text != advisory.get("severity", "")
                    # The vendors' second word is that word, and no wildcard's business.
                    if value.lower() == text.lower() if other else like(value, text, True):
                        return True
            return False

        return all(fits_one(f) for f in filters)

    def date_has_come(self, rule, advisory, now):
        if self.apt:
            return True  # no reliable dates: approval is immediate
        released = advisory.get("updatedAt", 0)
        days, until = rule.get("approveAfterDays"), rule.get("approveUntilDate")
        if not released:  # no date: no delay; alternative repositories have to give one
            return not (self.own_sources and days is not None and not rule["enableNonSecurity"])
        if until is not None:
            end = datetime.datetime.fromisoformat(until + "T23:59:59.999+00:00")
            return released <= round(end.timestamp() * 1000)
        return now > released + days * DAY

    def names(self, entry, package, version, security_ids):
        """Whether an entry of the approved (with ids) or the rejected list means the version."""
        if like(entry, package["name"]):
            return True
        if self.apt:
            return False  # "bare package name only"
        number = version["version"]
        if self.suse:
            if any(like(entry, n["id"]) for n in version.get("notices", [])):
                return True
            if entry.endswith(".rpm"):
                entry = entry[:-4]
        elif security_ids and entry in self.ids(version):
            return True
        return any(like(entry, f"{package['name']}-{n}.{package['arch']}")
                   for n in {number, number.split(":", 1)[-1]})

    def ids(self, version):
        return {n["id"] for n in version.get("notices", [])} | set(version.get("cves", [])) | \
            set(version.get("bugs", []))

    def rejects(self, package, version):
        return any(self.names(e, package, version, False)
                   for e in self.document.get("rejectedPatches", []))

    def approval(self, package, version, now):
        """The level at which this version is approved, or None."""
        if self.rejects(package, version):
            return None
        levels, secure = [], version.get("security", False)
        advisories = self.advisories(version)
        if any(self.fits(self.filters, version, a) for a in advisories):
            levels += [rule["complianceLevel"] for rule in self.rules
                       if secure or rule["enableNonSecurity"]
                       if any(self.fits(rule["filterGroup"]["filters"], version, a) and
                              self.date_has_come(rule, a, now) for a in advisories)]
        if (secure or self.document["approvedPatchesEnableNonSecurity"]) and \
                any(self.names(e, package, version, True)
                    for e in self.document.get("approvedPatches", [])):
            levels.append(self.document["approvedPatchesComplianceLevel"])
        return max(levels, key=LEVELS.index, default=None)

    def decide(self, package, now):
        """(state, level, install)"""
        installed, candidate = package.get("installed"), package.get("candidate")
        held = package.get("held", False)

        def flag(name):
            return package.get(name, False)

        if not installed:
            return "NOT_APPLICABLE", self.approval(package, candidate, now) or LEVELS[0], False
        if flag("update") and not flag("phased"):
            level = self.approval(package, candidate, now)
            if level:
                failed = flag("failed") or flag("broken")
                return "FAILED" if failed else "MISSING", level, not held
        level = self.approval(package, installed, now)
        blocked = self.document.get("rejectedPatchesAction") == "BLOCK"
        if blocked and self.rejects(package, installed):
            state = "INSTALLED_REJECTED"
        elif flag("failed") or (flag("broken") and level):
            state = "FAILED"
        elif flag("pendingReboot"):
            state = "INSTALLED_PENDING_REBOOT"
        else:
            state = "INSTALLED" if level else "INSTALLED_OTHER"
        return state, level or LEVELS[0], state == "FAILED" and not held

# SPDX-License-Identifier: Apache-2.0
"""Facts as a host tells them, and what its plane makes of them."""

import hashlib
import json
import time

DEFAULT = "pb-09a5f8eb62bde80b1"  # Debian's predefined baseline
SECURITY = "Debian-Security bookworm-security"


def version(number, security=False, **more):
    found = {"version": number, "origin": SECURITY if security else "Debian bookworm",
             "priority": "optional", "section": "libs"}
    if security:
        found["security"] = True
    return {**found, **more}


def package(name, installed="1.0-1", candidate=None, **more):
    found = {"name": name, "arch": "amd64", "installed": version(installed)}
    if candidate:
        found["candidate"] = candidate
        found["update"] = True
    return {**found, **more}


def facts_of(*packages, os="DEBIAN", product="Debian12", sources=2):
    return {"operatingSystem": os, "product": product, "securitySources": sources,
            "packages": list(packages)}


def compact(document):
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def put(host, document, known=False, at=None, digest=None, **more):
    request = {"InstanceId": host.id, "CaptureTime": at or int(time.time()),
               "Hash": digest or hashlib.sha256(compact(document).encode()).hexdigest(),
               "Operation": "Scan", "BaselineId": DEFAULT, **more}
    if not known:
        request["Facts"] = document
    agent = host.agent
    return agent.opened(agent.signed("Patchbay.PutPatchFacts", compact(request).encode(),
                                     "patchbay"))


def available(ssm, **more):
    return [p for page in ssm.get_paginator("describe_available_patches").paginate(**more)
            for p in page["Patches"]]


def effective(ssm, baseline, **more):
    paginator = ssm.get_paginator("describe_effective_patches_for_patch_baseline")
    return {p["Patch"]["Name"]: p for page in paginator.paginate(BaselineId=baseline, **more)
            for p in page["EffectivePatches"]}

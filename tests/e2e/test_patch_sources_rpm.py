# SPDX-License-Identifier: Apache-2.0
"""Alternative sources on an RPM root: in place of the host's own, for one run."""

import json
import pathlib
import sys

import pytest

from patch_host import BUILD, patch, scan

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "testbed"))

from rpm_repo import RpmRepo  # noqa: E402  (the path is set above)
from testbed import Host, rpm_root  # noqa: E402

KEY = "/srv/alt/key.asc"


@pytest.fixture(scope="module")
def alt(tmp_path_factory):
    alt = RpmRepo(tmp_path_factory.mktemp("alt"))
    alt.package("pb-critical", "9.0-1.el9")
    alt.package("pb-low", "9.0-1.el9", signer=None)
    alt.publish()
    return alt


@pytest.fixture(scope="module")
def host(alt):
    with Host("rpm", base=rpm_root("rocky"), binds={"/opt/patchbay": BUILD / "src" / "patch",
                                                    "/srv/alt": alt.directory}) as host:
        # An enabled module that none of the sources has would be an error, and rightly.
        host.sh("rm -f /etc/dnf/modules.d/*; dnf -q makecache")
        yield host


def document(host, configuration, *approved):
    path = "/root/baseline.json"
    host.write(path, json.dumps({"patchBaseline": {
        "operatingSystem": "ROCKY_LINUX", "baselineId": "pb-0123456789abcdef0", "name": "test",
        "approvedPatches": [f"{n}-9.0-1.el9.noarch" for n in approved],
        "approvedPatchesEnableNonSecurity": True,
        "sources": [{"name": "alt", "products": ["RockyLinux9.4"],
                     "configuration": configuration}]}}))
    return path


def own_dnf(host):
    return host.sh("cd /etc/yum.repos.d && sha256sum *; find /var/cache/dnf -type f -exec "
                   "sha256sum {} + | grep -v -e /expired_repos.json -e /tempfiles.json | sort")


def offered(found):
    return {n: p["candidate"] for n, p in found.items() if n != "summary" and p["update"]}


@pytest.mark.parametrize("name", ["alt", "main"])  # dnf takes [main] for no repository
def test_only_they_count_and_the_hosts_own_stay(host, alt, name):
    before, own = own_dnf(host), offered(scan(host))
    config = alt.config("file:///srv/alt", key=KEY, name=name)
    path = document(host, config, "pb-critical")
    found = offered(scan(host, "--refresh", "--baseline", path))
    assert found == {"pb-critical": "0:9.0-1.el9", "pb-low": "0:9.0-1.el9"}
    assert own["pb-critical"] != "0:9.0-1.el9" and offered(scan(host)) == own
    assert own_dnf(host) == before


def test_one_that_cannot_be_fetched_fails_the_run(host, alt):
    path = document(host, alt.config("file:///srv/none", key=KEY, name="none"), "pb-critical")
    assert "patchbay-source-1" in patch(host, "install", "--baseline", path, expect=1).stderr
    path = document(host, alt.config("file:///srv/alt", key=KEY, enabled=0), "pb-critical")
    assert "is enabled" in patch(host, "install", "--baseline", path, expect=1).stderr


def test_an_install_takes_from_them_what_is_signed(host, alt):
    before = own_dnf(host)
    host.sh("cp /etc/dnf/dnf.conf /root; printf '[more]\\nbaseurl=file:///none\\n' "
            ">> /etc/dnf/dnf.conf")  # no longer used either
    path = document(host, alt.config("file:///srv/alt", key=KEY), "pb-critical", "pb-low")
    said = patch(host, "install", "--baseline", path, expect=194).stdout
    assert "installed pb-critical 0:9.0-1.el9" in said and "FAILED pb-low 0:9.0-1.el9" in said
    assert host.sh("rpm -q --qf '%{VERSION} ' pb-critical pb-low") == "9.0 1.0 "
    host.sh("cp /root/dnf.conf /etc/dnf/dnf.conf")
    assert own_dnf(host) == before

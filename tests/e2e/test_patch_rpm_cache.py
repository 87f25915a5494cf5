# SPDX-License-Identifier: Apache-2.0
"""What patchbay-patch keeps of a repository's metadata is believed for that metadata only."""

import pytest

from rpm_host import RpmRepo, have, new_host, patch, scan, use

CACHE = "/var/lib/patchbay/patch/cache"


@pytest.fixture
def repo(tmp_path):
    repo = RpmRepo(tmp_path / "repo")
    for version in "1", "2":
        repo.package("ca-good", f"{version}-1")
    repo.notice("RLSA-2024:0001", "security", ["ca-good-2-1"], severity="Important",
                cves=["CVE-2024-0001"])
    repo.publish()
    return repo


def kept(host):
    return host.sh(f"sha256sum {CACHE}/*.solv")


def test_a_cache_is_made_again_when_it_is_old_or_damaged(repo):
    with new_host(repo=repo) as host:
        use(host, repo)
        have(host, repo, "ca-good-1-1")
        cold = patch(host, "scan", "--json").stdout
        whole = kept(host)
        assert scan(host)["ca-good"]["candidate"] == "0:2-1"
        assert patch(host, "scan", "--json").stdout == cold and kept(host) == whole

        for damage in ("truncate -s -1 $f", "truncate -s 0 $f", "truncate -s 128 $f",
                       "printf X | dd of=$f bs=1 seek=$(($(stat -c %s $f) / 2)) conv=notrunc",
                       "tail -c +2 $f > /tmp/f; cp /tmp/f $f"):
            host.sh(f"for f in {CACHE}/*.solv; do {damage}; done 2>&1")
            assert kept(host) != whole
            assert patch(host, "scan", "--json").stdout == cold and kept(host) == whole, damage
        host.sh(f"rm -r {CACHE}; touch {CACHE}")  # none can be kept
        assert patch(host, "scan", "--json").stdout == cold
        host.sh(f"rm {CACHE}")

        patch(host, "scan")
        repo.package("ca-good", "3-1")
        repo.publish()
        assert scan(host, "--refresh")["ca-good"]["candidate"] == "0:3-1"
        assert kept(host) != whole


def test_what_a_scan_keeps_is_not_what_the_solver_wants(repo):
    """A scan keeps no dependencies; an install has to know them to ask the disks."""
    repo.package("ca-beside", "1-1", provides=["ca-word(x)"])
    repo.package("ca-pulls", "1-1")
    repo.package("ca-pulls", "2-1", requires=["ca-word(x)"])
    repo.notice("RLSA-2024:0002", "security", ["ca-pulls-2-1"], severity="Important")
    repo.publish()
    with new_host(repo=repo) as host:
        use(host, repo)
        have(host, repo, "ca-pulls-1-1")
        patch(host, "scan")
        lean = kept(host)
        for _ in range(2):  # without and with the caches
            patch(host, "install", "--reboot-option", "NoReboot")
            assert "ca-beside" in scan(host) and lean in kept(host)
            assert len(kept(host).splitlines()) == 2
            host.sh("rpm -e ca-pulls ca-beside")
            have(host, repo, "ca-pulls-1-1")


def test_what_may_be_there_several_times_is_asked_of_the_host(repo):
    """A name that only dnf.conf of this host has: another cache, not the old one's answer."""
    for version in "1-1", "2-1", "3-1":
        repo.package("ca-driver", version, provides=["ca-drivers(x)"])
    repo.publish()
    with new_host(repo=repo) as host:
        use(host, repo)
        host.exec("rpm", "-i", "--force-debian", *[
            f"/srv/repo/packages/ca-driver-{v}-1.noarch.rpm" for v in "12"])
        assert scan(host)["ca-driver"]["broken"]  # two, where one may be there
        host.sh("echo 'installonlypkgs=ca-drivers(x)' >> /etc/dnf/dnf.conf")
        for _ in range(2):
            assert not scan(host)["ca-driver"]["broken"]

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

        host.sh(f"truncate -s -1 {CACHE}/*.solv")
        assert patch(host, "scan", "--json").stdout == cold and kept(host) == whole
        host.sh(f"rm -r {CACHE}; touch {CACHE}")  # none can be kept
        assert patch(host, "scan", "--json").stdout == cold
        host.sh(f"rm {CACHE}")

        patch(host, "scan")
        repo.package("ca-good", "3-1")
        repo.publish()
        assert scan(host, "--refresh")["ca-good"]["candidate"] == "0:3-1"
        assert kept(host) != whole

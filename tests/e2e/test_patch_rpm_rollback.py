# SPDX-License-Identifier: Apache-2.0
"""patchbay-patch rollback on an RPM root: dnf returns all of an install, or nothing is touched; and
modules whose repository has gone."""

import json
import pathlib
import sys

import pytest

from patch_host import BUILD, patch, run_kernel, scan

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "testbed"))

from rpm_repo import RpmRepo  # noqa: E402  (the path is set above)
from testbed import Host, rpm_root  # noqa: E402

KEY = "/srv/repo/key.asc"
STREAM = "rbmod:1:20240101:c0ffee11:x86_64"


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = RpmRepo(tmp_path_factory.mktemp("rollback"))
    for name, more in {"rb-good": {}, "rb-library": {}, "rb-modular": {},
                       "rb-program": {"requires": ["rb-library = {}"]}, "rb-gone": {},
                       "rb-kernel": {"provides": ["installonlypkg(kernel)"]}}.items():
        for version in "1", "2":
            options = {key: [v.format(f"{version}-1") for v in value]
                       for key, value in more.items()}
            repo.package(name, f"{version}-1", **options)
    repo.package("rb-modular", "3-1")
    repo.package("rb-grows", "1-1")
    repo.package("rb-grows", "2-1", requires=["rb-new"])
    repo.package("rb-new", "2-1", requires=["rb-newer"])
    repo.package("rb-newer", "2-1")
    repo.package("rb-boots", "1-1")
    repo.package("rb-boots", "2-1", requires=["kernel-rb"])
    repo.package("kernel-rb", "5.14-2.el9")
    repo.package("rb-old", "1-1")
    repo.package("rb-heir", "2-1", obsoletes=["rb-old < 2"])
    repo.package("rb-asks", "1-1", requires=["rb-newer"])
    repo.stream(STREAM, ["rb-modular-2-1"])
    repo.publish(hidden=["rb-gone-1-1"])
    return repo


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A repository that knows no modules."""
    plain = RpmRepo(tmp_path_factory.mktemp("plain"))
    for version in "2", "3":
        plain.package("rb-modular", f"{version}-1")
    plain.publish()
    return plain


@pytest.fixture
def host(repo, plain):
    binds = {"/opt/patchbay": BUILD / "src" / "patch", "/srv/repo": repo.directory,
             "/srv/plain": plain.directory}
    with Host("rpm", base=rpm_root("rocky"), binds=binds) as host:
        host.sh("rm -f /etc/yum.repos.d/* /etc/dnf/modules.d/*")
        host.write("/etc/yum.repos.d/rb.repo", repo.config("file:///srv/repo", key=KEY))
        host.sh(f"rpm --import {KEY}; dnf -q makecache")
        yield host


def have(host, repo, *names):
    files = [f"/srv/repo/packages/{p.file_name}" for n in names for p in repo.find(f"{n}-1-1")]
    host.exec("rpm", "-U", "--force-debian", *files)


def install(host, command, *names):
    host.write("/root/b.json", json.dumps({"patchBaseline": {
        "operatingSystem": "ROCKY_LINUX", "baselineId": "pb-0123456789abcdef0", "name": "test",
        "approvedPatches": names, "approvedPatchesEnableNonSecurity": True}}))
    return patch(host, "install", "--baseline", "/root/b.json", "--reboot-option", "NoReboot",
                 "--command-id", command)


def versions(host, *names):
    return host.sh("rpm -q --qf '%{VERSION} ' " + " ".join(names)).split()


def test_an_install_is_returned_in_one_transaction(host, repo):
    names = "rb-good", "rb-library", "rb-program"
    have(host, repo, *names)
    install(host, "command-1", *names)
    assert versions(host, *names) == ["2", "2", "2"]
    tried = patch(host, "rollback", "command-1", "--dry-run").stdout
    assert "would return rb-program.noarch from 0:2-1 to 0:1-1" in tried
    assert versions(host, *names) == ["2", "2", "2"]
    assert "3 returned, 0 not" in patch(host, "rollback", "command-1").stdout
    assert versions(host, *names) == ["1", "1", "1"]
    assert {scan(host, "--baseline", "/root/b.json")[n]["state"] for n in names} == {"Missing"}


def test_nothing_is_returned_where_something_cannot_be(host, repo):
    names = "rb-good", "rb-gone", "rb-kernel", "rb-old"
    have(host, repo, *names)
    install(host, "command-1", *names)
    host.sh("dnf -q -y mark remove rb-heir")
    said = patch(host, "rollback", "--last", expect=1).stdout
    assert "rb-old.noarch to 0:1-1: it is not there any more" in said
    assert "rb-heir.noarch to nothing: it was not there before, but may stand for rb-old" in said
    assert "rb-gone.noarch to 0:1-1: version 0:1-1 is in no repository" in said
    assert "version 0:1-1 is still there beside the newer one" in said
    assert "could return rb-good" in said
    assert versions(host, *names[:3], "rb-heir") == ["2", "2", "1", "2", "2"]


def test_a_part_is_not_returned_without_the_rest_it_needs(host, repo):
    have(host, repo, "rb-library", "rb-program")
    install(host, "command-1", "rb-library")  # which takes the other along
    assert versions(host, "rb-library", "rb-program") == ["2", "2"]
    host.write("/etc/dnf/plugins/versionlock.list", "rb-program-0:2-1.*\n")
    said = patch(host, "rollback", "--last", expect=1).stdout
    assert "CANNOT return rb-library.noarch" in said
    assert versions(host, "rb-library", "rb-program") == ["2", "2"]


def test_what_came_along_goes_again(host, repo):
    have(host, repo, "rb-good", "rb-grows")
    before = host.sh("rpm -qa | sort")
    install(host, "command-1", "rb-good", "rb-grows")
    assert versions(host, "rb-good", "rb-grows", "rb-new", "rb-newer") == ["2", "2", "2", "2"]
    tried = patch(host, "rollback", "command-1", "--dry-run").stdout
    assert "would return rb-newer.noarch from 0:2-1 to nothing" in tried
    assert "4 returned, 0 not" in patch(host, "rollback", "command-1").stdout
    assert host.sh("rpm -qa | sort") == before


def test_what_came_along_stays_where_somebody_wants_it(host, repo):
    have(host, repo, "rb-good", "rb-grows")
    install(host, "command-1", "rb-good", "rb-grows")
    installed = host.sh("rpm -qa | sort")
    host.sh("dnf -q -y mark install rb-newer")
    said = patch(host, "rollback", "command-1", expect=1).stdout
    assert "CANNOT return rb-newer.noarch to nothing" in said and "installed by hand" in said
    assert host.sh("rpm -qa | sort") == installed
    host.sh("dnf -q -y mark remove rb-newer; dnf -q -y install rb-asks")
    installed = host.sh("rpm -qa | sort")
    said = patch(host, "rollback", "command-1", expect=1).stdout
    assert "it would change rb-asks too" in said
    assert host.sh("rpm -qa | sort") == installed


def test_the_kernel_that_runs_is_not_removed(host, repo):
    have(host, repo, "rb-boots")
    before = host.sh("rpm -qa | sort")
    install(host, "command-1", "rb-boots")
    installed = host.sh("rpm -qa | sort")
    run_kernel(host, "5.14-2.el9.noarch")
    said = patch(host, "rollback", "command-1", expect=1).stdout
    assert "CANNOT return kernel-rb.noarch to nothing" in said
    assert "is of the kernel that runs" in said
    assert host.sh("rpm -qa | sort") == installed
    run_kernel(host, "5.14-1.el9.noarch")
    assert "2 returned, 0 not" in patch(host, "rollback", "command-1").stdout
    assert host.sh("rpm -qa | sort") == before


def test_a_module_is_known_when_its_repository_has_gone(host, repo):
    have(host, repo, "rb-modular")
    assert scan(host)["rb-modular"]["candidate"] == "0:3-1"
    host.sh("dnf -q -y module enable rbmod:1")
    assert scan(host)["rb-modular"]["candidate"] == "0:2-1"
    host.sh("sed -i s,/srv/repo$,/srv/plain, /etc/yum.repos.d/rb.repo; dnf -q makecache")
    native = host.exec("dnf", "-q", "-C", "check-update", "rb-modular", check=False).stdout
    assert native.split()[:2] == ["rb-modular.noarch", "2-1"]
    assert scan(host)["rb-modular"]["candidate"] == "0:2-1"
    host.sh("rm -r /var/lib/dnf/modulefailsafe")
    assert "no repository has it" in patch(host, "scan", expect=1).stderr

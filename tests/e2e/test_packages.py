# SPDX-License-Identifier: Apache-2.0
"""The packages, with real dpkg and rpm in real roots; the folder a plane serves them from, and
the install script that trusts nothing it downloads."""

import http.client
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import urllib.parse

import pytest
from botocore.config import Config

import agent as agents
import packages
from conftest import CLIENT, wait_for
from packages import Packages, own_version, run, version_after

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "testbed"))

from testbed import Host, rpm_root  # noqa: E402  (the path is set above)

VERSION = own_version()
NEXT = version_after(VERSION)
STATE = "/var/lib/patchbay-agent"
SYSTEMCTL = '#!/bin/sh\necho "$*" >> /run/systemctl.log\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Packages of this version and the next, of both families."""
    made = Packages(tmp_path_factory.mktemp("packages") / "made")
    made.build("agent-deb", "agent-rpm")
    made.build("agent-deb", "agent-rpm", version=NEXT)
    made.sign()
    return made


@pytest.fixture
def folder(made, tmp_path):
    """A copy that a test may spoil."""
    copy = Packages(tmp_path / "packages")
    shutil.copytree(made.directory, copy.directory, dirs_exist_ok=True)
    copy.key = made.key
    return copy


# --- the packages ---------------------------------------------------------------------------------

def deb(version=VERSION):
    return f"patchbay-agent_{version}_amd64.deb"


def rpm(version=VERSION):
    return f"patchbay-agent-{version}.x86_64.rpm"


def test_the_same_programs_give_the_same_bytes(made, tmp_path):
    again = Packages(tmp_path / "a" / "again").build(
        "agent-deb", "agent-rpm", env={"TZ": "Asia/Tokyo", "LANG": "C.UTF-8"})
    assert [p.name for p in again] == [deb(), rpm()]
    for package in again:
        assert package.read_bytes() == (made.directory / package.name).read_bytes(), package.name
    other = Packages(tmp_path / "other").build("agent-deb", env={"SOURCE_DATE_EPOCH": "1000000000"})
    assert other[0].read_bytes() != again[0].read_bytes()
    assert "2001-09-09" in run("dpkg-deb", "-c", other[0])


@pytest.fixture(scope="module")
def plane_deb(tmp_path_factory):
    return Packages(tmp_path_factory.mktemp("plane") / "made").build("plane-deb")[0]


def test_the_planes_package_has_what_a_plane_needs(plane_deb):
    files = [line.split()[5].lstrip(".") for line in run("dpkg-deb", "-c", plane_deb).splitlines()]
    for name in ("/usr/bin/patchbayd", "/usr/bin/patchbay", "/etc/patchbay/patchbayd.conf",
                 "/usr/lib/patchbay/patchbay-function-host", "/usr/lib/patchbay/sign-packages",
                 "/usr/share/patchbay/install.sh", "/usr/lib/systemd/system/patchbayd.service"):
        assert name in files
    agents_own = {"/usr/sbin/patchbay-agent", "/etc/patchbay/agent.conf"}
    assert not agents_own & set(files)  # both may be on one machine
    assert "libmicrohttpd12" in run("dpkg-deb", "-f", plane_deb, "Depends")


def test_both_families_get_the_same_files_and_neither_the_others_libraries(made):
    listed = [line.split(maxsplit=5) for line in
              run("dpkg-deb", "-c", made.directory / deb()).splitlines()]
    in_deb = {words[5].lstrip("."): words[0] for words in listed if not words[0].startswith("d")}
    in_rpm = {words[8]: words[0] for words in
              (line.split(maxsplit=8) for line in
               run("rpm", "-qplv", made.directory / rpm()).splitlines())
              if not words[0].startswith("d")}

    def common(files):  # a family's zsh has a folder of its own name
        return {name.replace("/vendor-completions/", "/site-functions/"): mode
                for name, mode in files.items() if not name.endswith(".so")}
    assert "/usr/share/zsh/vendor-completions/_patchbay-agent" in in_deb
    assert "/usr/share/zsh/site-functions/_patchbay-agent" in in_rpm
    assert common(in_deb) == common(in_rpm)
    for name in ("/usr/sbin/patchbay-agent", "/usr/sbin/patchbay-patch"):
        assert in_deb[name] == "-rwxr-xr-x"
    assert all(words[1] == "root/root" for words in listed)
    assert "/usr/share/man/man8/patchbay-agent.8.gz" in in_deb
    assert "/usr/lib/systemd/system/patchbay-agent.service" in in_deb

    depends = run("dpkg-deb", "-f", made.directory / deb(), "Depends")
    requires = run("rpm", "-qp", "--requires", made.directory / rpm())
    assert "libc6" in depends and "libssl3" in depends and "libapt-pkg" in depends
    assert "rpm" not in depends and "libsolv" not in depends
    assert "libcrypto.so.3" in requires and "libsolv.so.1" in requires
    assert "libapt" not in requires and "libstdc++" not in requires
    assert [name for name in in_deb if name.endswith(".so")] == ["/usr/lib/patchbay/patchbay-apt.so"]
    assert sorted(name for name in in_rpm if name.endswith(".so")) == [
        "/usr/lib/patchbay/patchbay-rpm.so", "/usr/lib/patchbay/patchbay-zypp.so"]
    assert "libmodulemd" not in requires  # SUSE hosts have none
    assert run("rpm", "-qpc", made.directory / rpm()).split() == [
        "/etc/patchbay/agent.conf", "/etc/patchbay/patch.conf"]


def systemctl_calls(host):
    calls = host.sh("cat /run/systemctl.log 2>/dev/null; rm -f /run/systemctl.log", check=False)
    return calls.splitlines()


def pretend_systemd(host):
    host.write("/usr/bin/systemctl", SYSTEMCTL, "755")
    host.sh("mkdir -p /run/systemd/system")


def test_dpkg_installs_upgrades_removes_and_purges(made):
    with Host("deb", binds={"/srv/packages": made.directory}) as host:
        pretend_systemd(host)
        host.exec("dpkg", "-i", f"/srv/packages/{deb()}")
        assert host.sh("patchbay-agent --version") == f"patchbay-agent {VERSION}"
        assert '"packages"' in host.exec("patchbay-patch", "scan", "--json").stdout
        # The base root is configured to go without manuals.
        assert host.sh("dpkg --verify patchbay-agent | grep -v /usr/share/", check=False) == ""
        assert "Status: install ok installed" in host.sh("dpkg -s patchbay-agent")
        assert host.sh(f"stat -c %a {STATE}") == "700"
        assert systemctl_calls(host) == [
            "enable patchbay-agent.service patchbay-agent-update.service", "daemon-reload"]

        host.sh(f"echo 'heartbeat_seconds = 60' > /etc/patchbay/agent.conf; touch {STATE}/kept")
        host.exec("dpkg", "--force-confdef", "-i", f"/srv/packages/{deb(NEXT)}")
        assert host.sh("patchbay-agent --version") == f"patchbay-agent {NEXT}"
        assert host.read("/etc/patchbay/agent.conf") == "heartbeat_seconds = 60\n"
        assert systemctl_calls(host) == ["daemon-reload", "--no-block try-restart patchbay-agent.service"]

        host.exec("dpkg", "-r", "patchbay-agent")
        assert systemctl_calls(host) == [
            "disable patchbay-agent.service patchbay-agent-update.service",
            "stop patchbay-agent.service", "daemon-reload"]
        assert not host.has("/usr/sbin/patchbay-agent") and not host.has("/usr/lib/patchbay")
        assert host.has(f"{STATE}/kept") and host.has("/etc/patchbay/agent.conf")
        host.exec("dpkg", "-P", "patchbay-agent")
        assert not host.has(STATE) and not host.has("/etc/patchbay")


def system_package(folder, requires):
    """What the root has of Debian's, said to rpm: a package that provides just that."""
    provides = sorted({line.strip() for line in requires.splitlines()
                       if not line.startswith(("rpmlib(", "config(", "patchbay-agent"))})
    spec = folder / "system.spec"
    spec.write_text("Name: system\nVersion: 1\nRelease: 1\nSummary: s\nLicense: none\n"
                    "BuildArch: noarch\n" + "".join(f"Provides: {p}\n" for p in provides) +
                    "%description\ns\n%files\n")
    run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}/rpm", spec)
    return next(folder.glob("rpm/RPMS/noarch/system-1-*.rpm"))


@pytest.fixture(scope="module")
def rpm_host(made, tmp_path_factory):
    """A host of the RPM family, whose rpm knows of the libraries that its root has."""
    folder = tmp_path_factory.mktemp("system")
    requires = run("rpm", "-qp", "--requires", made.directory / rpm())
    shutil.copy(system_package(folder, requires), folder / "system.rpm")
    binds = {"/srv/packages": made.directory, "/srv/system": folder}
    with Host("rpm", base=rpm_root("rocky"), binds=binds) as host:
        host.sh("apt-get -q -y --no-install-recommends install curl openssl >/dev/null")
        yield host


def rpm_exec(host, *argv, **more):
    # Debian's rpm warns that it is not what this system is made of.
    return host.exec("rpm", "--force-debian", *argv, **more)


def test_rpm_installs_upgrades_and_removes(rpm_host):
    host = rpm_host
    pretend_systemd(host)
    refused = rpm_exec(host, "-i", f"/srv/packages/{rpm()}", check=False)
    assert refused.returncode != 0 and "libcrypto.so.3" in refused.stderr
    rpm_exec(host, "-i", "/srv/system/system.rpm")
    systemctl_calls(host)
    rpm_exec(host, "-i", f"/srv/packages/{rpm()}")
    assert host.sh("patchbay-agent --version") == f"patchbay-agent {VERSION}"
    assert host.sh("rpm -V patchbay-agent") == ""
    assert systemctl_calls(host) == [
        "enable patchbay-agent.service patchbay-agent-update.service", "daemon-reload"]

    host.sh(f"echo 'heartbeat_seconds = 60' > /etc/patchbay/agent.conf; touch {STATE}/kept")
    rpm_exec(host, "-U", f"/srv/packages/{rpm(NEXT)}")
    assert host.sh("rpm -q patchbay-agent") == f"patchbay-agent-{NEXT}-1.x86_64"
    assert host.read("/etc/patchbay/agent.conf") == "heartbeat_seconds = 60\n"
    assert systemctl_calls(host) == ["daemon-reload", "--no-block try-restart patchbay-agent.service"]

    rpm_exec(host, "-e", "patchbay-agent")
    assert systemctl_calls(host) == [
        "disable patchbay-agent.service patchbay-agent-update.service",
        "stop patchbay-agent.service", "daemon-reload"]
    assert not host.has("/usr/sbin/patchbay-agent") and not host.has("/usr/lib/patchbay")
    assert host.has(f"{STATE}/kept") and host.has("/etc/patchbay/agent.conf.rpmsave")
    host.sh(f"rm -rf {STATE} /etc/patchbay /run/systemd /usr/bin/systemctl")


def test_the_planes_package_runs_a_plane(plane_deb):
    with Host("plane", binds={"/srv/packages": plane_deb.parent}) as host:
        host.sh("apt-get -q -y --no-install-recommends install /srv/packages/patchbay_*.deb curl")
        assert host.sh("stat -c '%U %a' /var/lib/patchbay") == "patchbay 700"
        host.sh("sed -i 's/^listen = .*/listen = 127.0.0.1:0/' /etc/patchbay/patchbayd.conf")
        host.sh("setsid runuser -u patchbay -- patchbayd --config /etc/patchbay/patchbayd.conf "
                "</dev/null >/run/plane.log 2>&1 &")
        url = wait_for(lambda: host.sh("sed -n 's/^patchbayd ready on //p' /run/plane.log"))
        assert '"status":"ok"' in host.sh(f"curl -sS {url}/health")
        host.sh("dpkg -P patchbay")
        assert host.has("/var/lib/patchbay/master.key") and not host.has("/usr/bin/patchbayd")


def test_meson_install_puts_everything_in_its_place(tmp_path):
    run("meson", "install", "-C", packages.WHOLE_BUILD, "--no-rebuild", "--quiet", "--destdir",
        tmp_path)
    agent = next(tmp_path.rglob("sbin/patchbay-agent"))
    prefix = agent.parents[1]
    for name in ("bin/patchbayd", "bin/patchbay", "sbin/patchbay-patch",
                 "lib/patchbay/patchbay-function-host", "lib/patchbay/start-agent",
                 "lib/patchbay/sign-packages", "share/patchbay/install.sh",
                 "lib/systemd/system/patchbayd.service", "share/man/man1/patchbay.1",
                 "share/man/man8/patchbayd.8", "share/bash-completion/completions/patchbay",
                 "share/zsh/site-functions/_patchbay-agent",
                 "share/fish/vendor_completions.d/patchbayd.fish"):
        assert (prefix / name).is_file(), name
    assert [p.name for p in tmp_path.rglob("patchbayd.conf")] == ["patchbayd.conf"]
    for name in ("start-agent", "agent-package", "sign-packages"):
        assert os.access(prefix / "lib/patchbay" / name, os.X_OK)


# --- signing --------------------------------------------------------------------------------------

def test_the_key_is_made_once_and_for_its_owner_only(folder, tmp_path):
    folder.key = tmp_path / "own.key"
    folder.sign()
    assert stat.S_IMODE(folder.key.stat().st_mode) == 0o600
    key, pem = folder.key.read_bytes(), (folder.directory / "packages.pem").read_text()
    folder.sign()
    assert folder.key.read_bytes() == key
    assert pem.splitlines()[1] in (folder.directory / "install.sh").read_text()
    assert not [p.name for p in folder.directory.iterdir() if p.name.startswith(".")]
    done = subprocess.run([packages.PACKAGING / "sign.sh", folder.directory,
                           folder.directory / "key.pem"], capture_output=True, text=True)
    assert done.returncode == 1 and "must not lie in the folder" in done.stderr


def test_an_odd_version_is_not_signed(folder):
    (folder.directory / deb()).rename(folder.directory / deb("0.1.0~rc1"))
    with pytest.raises(AssertionError, match="one to four numbers"):
        folder.sign()


# --- serving --------------------------------------------------------------------------------------

def ask(plane, path, method="GET", **headers):
    """Status, headers and body; the path goes out as it is."""
    url = urllib.parse.urlsplit(plane.url)
    connection = http.client.HTTPConnection(url.netloc, timeout=20)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.fixture
def served(make_plane, folder):
    plane = make_plane("--packages-dir", str(folder.directory))
    plane.folder = folder
    return plane


def test_a_package_is_served_whole_in_parts_and_by_its_head(served):
    content = (served.folder.directory / deb()).read_bytes()
    status, headers, body = ask(served, f"/packages/{deb()}")
    assert (status, body) == (200, content)
    assert headers["content-type"] == "application/vnd.debian.binary-package"
    assert headers["content-length"] == str(len(content))
    assert headers["accept-ranges"] == "bytes"
    etag, modified = headers["etag"], headers["last-modified"]

    status, headers, body = ask(served, f"/packages/{deb()}", "HEAD")
    assert (status, body, headers["content-length"]) == (200, b"", str(len(content)))

    for asked, first, last in (("bytes=0-9", 0, 9), ("bytes=100-", 100, len(content) - 1),
                               ("bytes=-7", len(content) - 7, len(content) - 1),
                               (f"bytes=5-{len(content) * 2}", 5, len(content) - 1)):
        status, headers, body = ask(served, f"/packages/{deb()}", Range=asked)
        assert (status, body) == (206, content[first:last + 1]), asked
        assert headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
    for asked in ("bytes=9-2", "bytes=1-2,4-5", "lines=1-2", "bytes=-", "bytes=x-2"):
        assert ask(served, f"/packages/{deb()}", Range=asked)[0] == 200, asked
    for asked in (f"bytes={len(content)}-", "bytes=-0"):
        status, headers, _ = ask(served, f"/packages/{deb()}", Range=asked)
        assert (status, headers["content-range"]) == (416, f"bytes */{len(content)}"), asked

    assert ask(served, f"/packages/{deb()}", If_None_Match=etag)[::2] == (304, b"")
    assert ask(served, f"/packages/{deb()}", If_None_Match=f'"x", W/{etag}')[0] == 304
    assert ask(served, f"/packages/{deb()}", If_None_Match='"x"', If_Modified_Since=modified)[0] == 200
    assert ask(served, f"/packages/{deb()}", If_Modified_Since=modified)[0] == 304
    assert ask(served, f"/packages/{deb()}", If_Range=etag, Range="bytes=0-0")[0] == 206
    assert ask(served, f"/packages/{deb()}", If_Range='"x"', Range="bytes=0-0")[0] == 200


def memory_of(process):
    """Private bytes of a process."""
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_")) * 1024


def test_a_large_package_is_never_held_in_memory(served):
    size = 300 * 1024 * 1024
    with open(served.folder.directory / "large.deb", "wb") as file:
        file.truncate(size)
    netloc = urllib.parse.urlsplit(served.url).netloc
    before, connections = memory_of(served.process), []
    for _ in range(4):
        connection = http.client.HTTPConnection(netloc, timeout=20)
        connection.request("GET", "/packages/large.deb")
        answer = connection.getresponse()
        assert (answer.status, answer.length) == (200, size)
        assert len(answer.read(8 * 1024 * 1024)) == 8 * 1024 * 1024
        connections.append(connection)
    assert memory_of(served.process) - before < 32 * 1024 * 1024
    for connection in connections:  # in the middle of it
        connection.close()
    assert ask(served, f"/packages/{deb()}")[0] == 200


def test_only_what_is_meant_is_served(served, tmp_path):
    directory = served.folder.directory
    (directory / "secret.key").write_text("secret")
    (directory / "folder.deb").mkdir()
    (directory / "link.deb").symlink_to("/etc/passwd")
    (tmp_path / "outside.deb").write_text("secret")
    for path in ("secret.key", "folder.deb", "link.deb", "", ".", "..", "../outside.deb", "none.deb",
                 "%2e%2e/outside.deb", "..%2foutside.deb", "/etc/passwd", ".sign.deb", "a/b.deb",
                 "install.sh", "x" * 300 + ".deb"):
        status, headers, body = ask(served, f"/packages/{path}")
        assert (status, headers["content-type"]) == (404, "text/plain; charset=utf-8"), path
        assert b"secret" not in body and b"root:" not in body
    for path in ("/install.sh", f"/packages/{deb()}"):
        for method in ("POST", "PUT", "DELETE"):
            status, headers, _ = ask(served, path, method)
            assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_a_bucket_of_that_name_is_not_hidden(served):
    s3 = served.client("s3", config=CLIENT.merge(Config(signature_version="s3v4")))
    s3.create_bucket(Bucket="packages")
    s3.put_object(Bucket="packages", Key=deb(), Body=b"mine")
    assert s3.get_object(Bucket="packages", Key=deb())["Body"].read() == b"mine"
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "packages", "Key": deb()})
    parts = urllib.parse.urlsplit(url)
    assert ask(served, f"{parts.path}?{parts.query}")[2] == b"mine"


def test_without_a_folder_that_is_said(make_plane):
    plane = make_plane()
    for path in ("/install.sh", "/packages/MANIFEST"):
        status, _, body = ask(plane, path)
        assert status == 404 and b"packages_dir is not set" in body


def test_a_folder_that_is_not_there_is_an_error_at_the_start(make_plane, tmp_path):
    plane = make_plane("--packages-dir", str(tmp_path / "none"), start=False)
    with pytest.raises(AssertionError, match="packages_dir: there is no folder"):
        plane.start()


def test_the_script_names_the_plane_as_the_client_does(served, make_plane, tmp_path):
    status, headers, body = ask(served, "/install.sh", Host="plane.example:8080")
    assert status == 200 and headers["content-type"].startswith("text/x-shellscript")
    assert b"\nplane='http://plane.example:8080'\n" in body
    assert ask(served, "/install.sh", "HEAD")[1]["content-length"]
    for host in ("x';reboot;'", "$(reboot)", "a b", "x`id`", "a/b"):
        assert ask(served, "/install.sh", Host=host)[0] == 400, host
    public = make_plane("--packages-dir", str(served.folder.directory), "--public-url",
                        "https://plane.example/")
    assert b"\nplane='https://plane.example'\n" in ask(public, "/install.sh")[2]


# --- the install script -----------------------------------------------------------------------------

def activation(plane):
    role = agents.make_node_role(plane.client("iam"))
    answer = plane.client("ssm").create_activation(IamRole=role, RegistrationLimit=10)
    return ["--region", "us-east-1", "--activation-id", answer["ActivationId"],
            "--activation-code", answer["ActivationCode"]]


def install(host, script, *arguments):
    return host.exec("sh", "-s", "--", *arguments, check=False, input=script)


@pytest.fixture(scope="module")
def bare_host():
    with Host("bare") as host:
        yield host


def is_untouched(host):
    return not host.has("/usr/sbin/patchbay-agent") and not host.has(STATE) and \
        not host.has("/etc/patchbay")


def test_the_script_makes_a_node_of_a_bare_host_and_is_idempotent(served, bare_host):
    """The base root has no curl: the script brings it, from the distribution."""
    script = ask(served, "/install.sh")[2].decode()
    arguments = activation(served)
    done = install(bare_host, script, *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    assert bare_host.sh("patchbay-agent --version") == f"patchbay-agent {NEXT}"
    assert "no systemd here" in done.stdout and "/usr/lib/patchbay/start-agent" in done.stdout
    pem = bare_host.read("/etc/patchbay/packages.pem")
    assert pem == (served.folder.directory / "packages.pem").read_text()
    nodes = served.client("ssm").describe_activations()["ActivationList"][0]
    assert nodes["RegistrationsCount"] == 1
    assert bare_host.has(f"{STATE}/packages/{deb(NEXT)}")

    identity = bare_host.read(f"{STATE}/identity.json")
    done = install(bare_host, script, *arguments)
    assert done.returncode == 0, done.stderr
    assert f"patchbay-agent {NEXT} is installed" in done.stdout and "a node already" in done.stdout
    assert bare_host.read(f"{STATE}/identity.json") == identity

    # Another key than that of the first installation is nobody's to bring.
    served.folder.sign(key=served.folder.directory.with_name("another.key"))
    done = install(bare_host, ask(served, "/install.sh")[2].decode(), *arguments)
    assert done.returncode == 1 and "trusts another key" in done.stderr
    bare_host.exec("dpkg", "-P", "patchbay-agent")
    assert is_untouched(bare_host)


def test_the_code_is_asked_for_at_the_terminal(served, bare_host):
    """Where it is neither in the arguments nor in the history of a shell."""
    *arguments, code = activation(served)
    script = ask(served, "/install.sh")[2].decode()
    done = install(bare_host, script, *arguments, "-")
    assert done.returncode == 1 and "there is no terminal to ask" in done.stderr
    assert is_untouched(bare_host)

    bare_host.write("/tmp/install.sh", script)
    line = " ".join(["sh", "/tmp/install.sh", *arguments, "-"])
    done = bare_host.exec("script", "-qec", line, "/dev/null", check=False, input=f"{code}\n")
    assert done.returncode == 0 and "registered as mi-" in done.stdout, done.stdout
    assert "Activation code: " in done.stdout
    bare_host.exec("dpkg", "-P", "patchbay-agent")
    assert is_untouched(bare_host)


def spoil_signature(directory):
    path = directory / "MANIFEST.sig"
    data = bytearray(path.read_bytes())
    data[7] ^= 1
    path.write_bytes(bytes(data))


def spoil_manifest(directory):
    path = directory / "MANIFEST"
    path.write_text(path.read_text().replace(f" {NEXT} ", " 99.0.0 "))


def spoil_package(directory):
    path = directory / deb(NEXT)
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(bytes(data))


def truncate_package(directory):
    path = directory / deb(NEXT)
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize("spoil, sentence", [
    (spoil_signature, "the signature of the manifest is wrong"),
    (spoil_manifest, "the signature of the manifest is wrong"),
    (spoil_package, "has not the sum"),
    (truncate_package, "has not the size"),
    (lambda d: (d / "MANIFEST.sig").unlink(), "could not be downloaded"),
    (lambda d: (d / deb(NEXT)).unlink(), "could not be downloaded"),
])
def test_whatever_does_not_fit_is_refused_and_changes_nothing(served, bare_host, spoil, sentence):
    bare_host.sh("command -v curl openssl || apt-get -q -y --no-install-recommends install curl openssl")
    script = ask(served, "/install.sh")[2].decode()
    spoil(served.folder.directory)
    done = install(bare_host, script, "--no-register")
    assert done.returncode == 1 and sentence in done.stderr, done.stderr
    assert is_untouched(bare_host)


def test_half_a_script_does_nothing(served, bare_host):
    script = ask(served, "/install.sh")[2].decode()
    for length in [*range(1, len(script) - 4, 397), *range(len(script) - 14, len(script) - 4)]:
        done = install(bare_host, script[:length], "--no-register")
        assert "patchbay-agent" not in done.stdout, length
    assert is_untouched(bare_host)


def test_the_script_serves_rpm_hosts_too(served, rpm_host):
    script = ask(served, "/install.sh")[2].decode()
    # Debian's rpm installs nothing without being told so; dnf does.
    rpm_host.sh("[ -e /usr/bin/rpm.real ] || { mv /usr/bin/rpm /usr/bin/rpm.real; printf '%s\\n' "
                "'#!/bin/sh' 'exec /usr/bin/rpm.real --force-debian \"$@\"' > /usr/bin/rpm; "
                "chmod 755 /usr/bin/rpm; }")
    done = install(rpm_host, script, *activation(served))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Installed:" in done.stdout  # says dnf
    assert rpm_host.sh("rpm -q patchbay-agent") == f"patchbay-agent-{NEXT}-1.x86_64"
    assert rpm_host.has(f"{STATE}/identity.json")

    # And an update goes by rpm: here back to the version before.
    rpm_host.sh("setsid /usr/lib/patchbay/start-agent </dev/null >/dev/null 2>&1 &")
    wait_for(lambda: rpm_host.sh(f"grep -o '\"heard\":true' {STATE}/agent.json", check=False))
    said = rpm_host.exec("patchbay-agent", "update", "--version", VERSION, "--allow-downgrade").stdout
    assert said == f"updated from {NEXT} to {VERSION}\n"
    assert rpm_host.sh("rpm -q patchbay-agent") == f"patchbay-agent-{VERSION}-1.x86_64"
    node = served.client("ssm").describe_instance_information()["InstanceInformationList"][0]
    assert node["AgentVersion"] == VERSION

# SPDX-License-Identifier: Apache-2.0
"""The long life of patchbay-agent: proxies, clocks, keys, identities, reloads."""

import datetime

import pytest
from conftest import wait_for
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_plane import FakePlane
from proxy import Proxy
from test_agent_alone import (SHELL, Agent, certificate, make_agent, plane,  # noqa: F401
                              register)

# --- by proxy ---


@pytest.fixture(params=["http", "https"])
def behind_proxy(request, certificate):
    plane = FakePlane(tls=certificate if request.param == "https" else None)
    port = plane.server.server_address[1]
    plane.url = f"{request.param}://plane.test:{port}"
    proxy = Proxy("plane.test", port)
    yield plane, proxy, ["--ca-file", certificate[0], "--insecure-http"]
    proxy.close()
    plane.close()
    assert plane.problems == []


def test_all_calls_go_by_the_proxy_that_is_set(behind_proxy, tmp_path):
    plane, proxy, more = behind_proxy
    agent = Agent(plane, tmp_path, *more, proxy=proxy.url).start()
    message = plane.run(agent.node, "echo $http_proxy $https_proxy")
    assert plane.final(message)["runtimeStatus"][SHELL]["standardOutput"] == (
        f"{proxy.url} {proxy.url}\n")
    assert agent.stop() == 0
    host = plane.url.partition("//")[2]
    expected = f"POST {plane.url}/" if plane.url.startswith("http:") else f"CONNECT {host}"
    assert set(proxy.asked) == {expected} and proxy.refused == 0
    assert "p w" not in agent.logged() and "p%20w" not in agent.logged()


def test_a_proxy_that_refuses_is_named_without_its_password(behind_proxy, tmp_path):
    plane, proxy, more = behind_proxy
    wrong = tmp_path / "wrong.conf"
    wrong.write_text(f"proxy = {proxy.url.replace('us%40er', 'nobody')}\n")
    done = register(plane.url, tmp_path / "s", *more, "--config", wrong)
    assert done.returncode == 1 and "407" in done.stderr and "p%20w" not in done.stderr
    wrong.write_text("proxy = socks5://nobody:secret@127.0.0.1:1\n")
    done = register(plane.url, tmp_path / "s", *more, "--config", wrong)
    assert done.returncode == 1 and "line 1: proxy must be" in done.stderr
    assert "secret" not in done.stderr and plane.calls["RegisterManagedInstance"] == 0


# --- with a wrong clock ---

@pytest.mark.parametrize("hours", [5, -100])
def test_a_host_whose_clock_is_wrong_by_hours_works(plane, make_agent, tmp_path, hours):  # noqa: F811
    plane.clock, plane.hold = hours * 3600.0, 0.5
    agent = make_agent().start()
    document = {"schemaVersion": "2.2", "mainSteps": [
        {"action": SHELL, "name": "a", "inputs": {"runCommand": [
            f"[ ! -e {tmp_path}/flag ] || exit 0; touch {tmp_path}/flag; exit 194"]}}]}
    message = plane.send(agent.node, document)
    wait_for(agent.reboots.exists)  # which a command that seemed too old would not be given
    agent.restart_node()
    assert plane.final(message)["documentStatus"] == "Success"
    side = "behind" if hours > 0 else "ahead of"
    wait_for(lambda: agent.logged().count(f" s {side} the plane's") == 2)  # once in each life
    assert 1 <= plane.skewed <= 2 and plane.calls["RequestManagedInstanceRoleToken"] <= 3
    plane.clock = 0.0  # as if it had been set
    wait_for(lambda: "agrees with the plane's again" in agent.logged())
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"


def make_certificate(folder, name, begins, ends):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(begins).not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            .add_extension(x509.BasicConstraints(True, None), True)
            .sign(key, hashes.SHA256()))
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption()))
    return cert_file, key_file


def test_the_planes_clock_makes_no_expired_certificate_good(tmp_path):
    now, day = datetime.datetime.utcnow(), datetime.timedelta(days=1)
    good = make_certificate(tmp_path, "good", now - day, now + day)
    expired = make_certificate(tmp_path, "expired", now - 60 * day, now - 20 * day)
    both = tmp_path / "ca.pem"
    both.write_bytes(good[0].read_bytes() + expired[0].read_bytes())
    plane = FakePlane(hold=0.5, tls=good)
    plane.clock = -30 * 86400.0  # by which the expired one is valid
    try:
        agent = Agent(plane, tmp_path, "--ca-file", both).start()
        assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
        plane.tls.load_cert_chain(*expired)
        plane.fault = lambda operation: "drop"  # so that it connects anew
        wait_for(lambda: "the plane at" in agent.logged())
        plane.fault = None
        refused = wait_for(lambda: register(plane.url, tmp_path / "s", "--ca-file", both))
        assert refused.returncode == 1 and "certificate has expired" in refused.stderr
        beats = plane.calls["UpdateInstanceInformation"]
        wait_for(lambda: plane.refused_hands >= 2)
        assert plane.calls["UpdateInstanceInformation"] == beats
        assert agent.stop() == 0
    finally:
        plane.close()

# SPDX-License-Identifier: Apache-2.0
"""The long life of patchbay-agent: proxies, clocks, keys, identities, reloads."""

import datetime
import json
import signal
import socket

import pytest
from conftest import wait_for
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_plane import FakePlane
from proxy import Proxy
from agent_alone import (SHELL, Agent, agent, certificate, make_agent, plane,  # noqa: F401
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
    # Its three talkers may each have a call under way before the first of them knows better.
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    learnt = plane.skewed
    assert 1 <= learnt <= 6
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    assert plane.skewed == learnt
    assert agent.stop() == 0
    agent.start()  # no reboot: it begins with what was learnt
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    assert plane.skewed == learnt
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


# --- keys ---

@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_node_changes_its_key_and_survives_being_killed_at_it(plane, make_agent,  # noqa: F811
                                                                moment):
    plane.hold, plane.wants_key, plane.changes_keys = 0.5, True, True
    agent = make_agent()
    identity = agent.state / "identity.json"
    old = json.loads(identity.read_text())["private_key"]
    killed = []

    def kill(operation="UpdateManagedInstancePublicKey"):
        if operation == "UpdateManagedInstancePublicKey" and not killed:
            killed.append(json.loads(identity.read_text()))
            agent.process.kill()
            return "drop"

    if moment == "before":
        plane.fault = kill
    else:
        plane.after_key = kill
    agent.start()
    wait_for(lambda: killed)
    agent.process.wait(30)
    assert killed[0]["private_key"] == old and killed[0]["next_key"]  # before it was announced
    (agent.state / "token.json").unlink()  # the next life has to sign with a key
    agent.start()
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    kept = wait_for(lambda: (now := json.loads(identity.read_text())).get("next_key") is None
                    and now)
    assert kept["private_key"] == killed[0]["next_key"] and plane.key_changes == 1
    agent.kill()
    (agent.state / "token.json").unlink()
    plane.changes_keys = False  # from here on another key than the plane's is a mistake
    agent.start()
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"


def test_a_key_of_an_age_is_changed_unasked(plane, make_agent):  # noqa: F811
    agent = make_agent(key_days=30)
    identity = agent.state / "identity.json"
    as_registered = json.loads(identity.read_text())
    agent.start()
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    assert agent.stop() == 0 and plane.key_changes == 0
    as_registered["key_made_at"] -= 31 * 86400000
    identity.write_text(json.dumps(as_registered))
    agent.start()
    wait_for(lambda: plane.key_changes == 1)
    wait_for(lambda: "has a new key" in agent.logged())
    assert json.loads(identity.read_text())["private_key"] != as_registered["private_key"]
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"


# --- a node that is none ---

def test_a_node_that_is_deregistered_is_quiet_until_it_is_registered_again(
        plane, make_agent, tmp_path):  # noqa: F811
    plane.hold = 0.3
    agent = make_agent(refused_seconds=1200).start()
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    process = agent.process.pid
    del plane.keys[agent.node]
    plane.tokens.clear()
    wait_for(lambda: f"refuses this node, {agent.node}: UnrecognizedClient" in agent.logged())
    assert "register --force" in agent.logged() and len(plane.unknown) == 1
    calls = sum(plane.calls.values())
    done = register(plane.url, agent.state, "--force", "--config", agent.config)
    assert done.returncode == 0, done.stderr
    node = done.stdout.split()[-1]
    assert node != agent.node
    assert plane.final(plane.run(node, "echo again"))["documentStatus"] == "Success"
    assert agent.process.pid == process and len(plane.unknown) == 1
    assert plane.calls["RegisterManagedInstance"] == 2 and calls > 0
    assert agent.stop() == 0


def test_a_refused_node_asks_again_when_its_pause_is_over(plane, make_agent):  # noqa: F811
    agent = make_agent(refused_seconds=1)
    known = plane.keys.pop(agent.node)
    agent.start()
    wait_for(lambda: len(plane.unknown) >= 3)
    plane.keys[agent.node] = known
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    pauses = [b - a for a, b in zip(plane.unknown, plane.unknown[1:])]
    assert min(pauses) > 0.8


def test_a_node_without_a_token_notices_that_it_is_deregistered(plane, make_agent):  # noqa: F811
    """Its token goes on for up to an hour, but nothing may be done with it."""
    plane.hold = 0.3
    agent = make_agent(refused_seconds=1200).start()
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    del plane.keys[agent.node]
    wait_for(lambda: "refuses this node" in agent.logged(), 30)
    assert len(plane.unknown) == 1
    assert agent.stop() == 0


def test_a_copied_disk_does_not_speak_for_the_first_host(plane, make_agent, tmp_path):  # noqa: F811
    machine = tmp_path / "machine-id"
    machine.write_text("11111111111111111111111111111111\n")
    agent = make_agent(machine_id_file=machine, refused_seconds=1200).start()
    assert plane.final(plane.run(agent.node, "true"))["documentStatus"] == "Success"
    assert agent.stop() == 0
    machine.write_text("22222222222222222222222222222222\n")
    calls = plane.calls["GetMessages"]
    agent.start()
    wait_for(lambda: "MachineFingerprintDoesNotMatch" in agent.logged())
    assert "its machine-id was 1111" in agent.logged()
    assert plane.calls["GetMessages"] == calls and not (agent.state / "token.json").exists()
    done = register(plane.url, agent.state, "--force", "--config", agent.config)
    node = done.stdout.split()[-1]
    assert plane.final(plane.run(node, "true"))["documentStatus"] == "Success"


# --- reload, watchdog ---

def test_settings_are_read_again_on_sighup(plane, make_agent, tmp_path):  # noqa: F811
    agent = make_agent()
    socket_path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(socket_path))
        manager.settimeout(20)
        agent.start(NOTIFY_SOCKET=str(socket_path), WATCHDOG_USEC="400000")

        def told(word):
            while word not in manager.recv(1000).decode():
                pass

        told("READY=1")
        stop = tmp_path / "stop"
        going_on = plane.run(agent.node, f"until [ -e {stop} ]; do sleep 0.05; done; echo done")
        wait_for(lambda: (agent.state / "steps" / going_on.split(".")[2]).exists())
        agent.config.write_text(agent.config.read_text() + "proxy = http://127.0.0.1:9\n")
        agent.process.send_signal(signal.SIGHUP)
        told("RELOADING=1")
        told("READY=1")
        message = plane.run(agent.node, "echo $http_proxy; echo $NOTIFY_SOCKET$WATCHDOG_USEC")
        assert plane.final(message)["runtimeStatus"][SHELL]["standardOutput"] == (
            "http://127.0.0.1:9\n\n")
        agent.config.write_text(agent.config.read_text().replace("proxy =", "prxy ="))
        agent.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "the old ones stay" in agent.logged())
        assert "unknown key prxy" in agent.logged()
        stop.touch()
        assert plane.final(going_on)["runtimeStatus"][SHELL]["standardOutput"] == "done\n"
        plane.hold = 15
        told("WATCHDOG=1")
        told("WATCHDOG=1")
        assert agent.stop() == 0
        told("STOPPING=1")


# --- without a plane ---

def test_results_that_nobody_takes_are_kept_within_bounds_and_in_order(plane, agent,  # noqa: F811
                                                                       tmp_path):
    names = [f"s{i}" for i in range(40)]
    go_on = tmp_path / "go on"
    wide = "yes x | head -c 23000; yes e | head -c 23000 >&2"
    message = plane.send(agent.node, {"schemaVersion": "2.2", "mainSteps": [
        {"action": SHELL, "name": name, "inputs": {"runCommand": [
            f"until [ -e '{go_on}' ]; do sleep 0.05; done; {wide}; exit {i % 2}"]}}
        for i, name in enumerate(names)]})
    wait_for(lambda: message in plane.acks)
    plane.fault = lambda operation: "drop"
    go_on.touch()
    record = agent.state / "commands" / f"{message.split('.')[2]}.json"
    kept = wait_for(lambda: (now := json.loads(record.read_text()))["finished_at"] and now, 60)
    assert record.stat().st_size < 3 * 2 ** 20
    assert len(kept["entries"]) >= len(names)
    agent.kill()
    agent.start()
    plane.fault = None
    assert plane.final(message, 60)["documentStatus"] == "Failed"
    told = [next(iter(p["runtimeStatus"].items())) for p in plane.of(message)
            if p["runtimeStatus"]]
    assert [name for name, _ in told] == names
    assert [step["status"] for _, step in told] == ["Success", "Failed"] * 20
    whole = [len(step["standardOutput"]) == 23000 for _, step in told]
    assert whole == sorted(whole) and 10 < sum(whole) < 40  # the newest
    assert "output dropped" in told[0][1]["output"] and told[0][1]["standardError"] == ""

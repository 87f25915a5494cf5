# SPDX-License-Identifier: Apache-2.0
"""The long life of patchbay-agent: proxies, clocks, keys, identities, reloads."""

import pytest
from conftest import wait_for
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

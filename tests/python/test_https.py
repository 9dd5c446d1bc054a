"""HTTPS with a private CA, refused certificates, proxies that are not taken, and redirects that are not followed."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import NOW, PROVIDERS, QUESTIONS, Door, Reply, ScriptedServer, run_python

from metertap import errors
from metertap.simulator import Simulator


@contextlib.contextmanager
def secure(certificate: str = "good") -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW, tls=True, certificate=certificate) as simulator:
        yield simulator


@pytest.mark.parametrize("provider", PROVIDERS)
def test_https_with_the_ca_gives_what_http_gives(provider: str, door: Door) -> None:
    method, arguments = QUESTIONS[provider]
    with secure() as simulator:
        secured = door.simulated(simulator, provider, tls=True)
        assert secured.base_url.startswith("https://")
        assert door.ask(secured, method, **arguments) == door.ask(
            door.simulated(simulator, provider), method, **arguments
        )


@pytest.mark.parametrize(
    ("certificate", "options", "reason"),
    [
        ("good", {"ca_file": None}, "UnknownIssuer"),
        ("expired", {}, "expired"),
        ("wrong_host", {}, "not valid for"),
    ],
)
def test_a_certificate_that_is_not_in_order_is_refused(
    certificate: str, options: dict[str, Any], reason: str, door: Door
) -> None:
    with secure(certificate) as simulator:
        client = door.simulated(simulator, "sora", tls=True, **options)
        with pytest.raises(errors.CertificateRejected, match=reason) as caught:
            door.ask(client, "total_sessions_this_month")
        assert simulator.counts.requests == 0
    # Neither is it tried again, nor does it lie with the caller's question.
    assert caught.value.attempts == 1
    assert not caught.value.is_temporary
    assert "pass ca_file" in str(caught.value)


def test_the_environment_cannot_switch_the_check_off() -> None:
    code = """
import sys
import metertap
try:
    metertap.Sora(api_key="k", base_url=sys.argv[1], retries=0).total_sessions_this_month()
except metertap.errors.CertificateRejected:
    print("refused")
"""
    switches = {"PYTHONHTTPSVERIFY": "0", "CURL_CA_BUNDLE": "", "REQUESTS_CA_BUNDLE": "", "SSL_VERIFY": "0"}
    with secure() as simulator:
        assert simulator.tls_origin is not None
        assert run_python(code, simulator.tls_origin, env=switches) == "refused\n"


ASK_ONCE = """
import sys
import metertap
url, file = sys.argv[1:]
try:
    print(metertap.Sora(api_key="k", base_url=url, ca_file=file or None, retries=0).total_sessions_this_month())
except metertap.errors.CertificateRejected as error:
    print(error)
except metertap.errors.AuthenticationFailed:
    print("trusted")
"""


def test_the_platform_may_be_told_of_a_ca_by_the_environment() -> None:
    with secure() as simulator:
        assert simulator.tls_origin is not None
        env = {"SSL_CERT_FILE": str(simulator.ca_file)}
        assert run_python(ASK_ONCE, simulator.tls_origin, "", env=env) == "trusted\n"
        assert run_python(ASK_ONCE, simulator.tls_origin, "").startswith("sora ")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("shape", ["file", "folder"])
def test_a_ca_that_the_environment_names_later_counts_for_later_clients(
    variable: str, shape: str, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with secure() as simulator:
        keywords = {**simulator.credentials("sora"), "base_url": simulator.base_url("sora", tls=True), "retries": 0}
        before = door.client("sora", **keywords)
        with pytest.raises(errors.CertificateRejected):
            door.ask(before, "total_sessions_this_month")
        file = Path(str(simulator.ca_file))
        monkeypatch.setenv(variable, str(file if shape == "file" else file.parent))
        assert door.ask(door.client("sora", **keywords), "total_sessions_this_month") > 0
        with pytest.raises(errors.CertificateRejected):  # it was made when the variable was not set
            door.ask(before, "total_sessions_this_month")


def test_the_first_variable_that_names_a_ca_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with secure() as simulator:
        names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
        monkeypatch.delenv("SSL_CERT_DIR", raising=False)
        for good, wrong in itertools.pairwise(names):
            for name in names:
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv(good, str(simulator.ca_file))
            monkeypatch.setenv(wrong, str(tmp_path / "none.pem"))
            keywords = {**simulator.credentials("sora"), "base_url": simulator.base_url("sora", tls=True)}
            assert Door("sync").client("sora", **keywords).total_sessions_this_month() > 0
            monkeypatch.setenv(good, str(tmp_path / "none.pem"))
            client = Door("sync").client("sora", **keywords, retries=0)
            with pytest.raises(errors.CertificateRejected, match=rf"{good} names .*none\.pem.* or pass ca_file"):
                client.total_sessions_this_month()
            # What the caller names is trusted whatever the environment says.
            assert simulator.client("sora", tls=True).total_sessions_this_month() > 0


def test_a_machine_without_certificates_says_what_to_install(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.touch()
    env = {"SSL_CERT_FILE": str(nothing), "SSL_CERT_DIR": str(tmp_path / "none")}
    with secure() as simulator:
        assert simulator.tls_origin is not None
        said = run_python(ASK_ONCE, simulator.tls_origin, "", env=env)
        assert "install the system's CA certificates (package ca-certificates) or pass ca_file" in said
        assert said.count("\n") == 1
        assert simulator.counts.requests == 0
        # The way out that it names is one.
        assert run_python(ASK_ONCE, simulator.tls_origin, str(simulator.ca_file), env=env) == "trusted\n"


def test_plain_http_where_https_is_due_is_no_connection(door: Door, server: ScriptedServer) -> None:
    client = door.client("sora", api_key="k", base_url=server.origin.replace("http:", "https:"), retries=0)
    with pytest.raises(errors.ConnectionFailed):
        door.ask(client, "total_sessions_this_month")
    assert server.seen == []


def test_a_host_that_does_not_listen_is_no_connection(door: Door) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = door.client("sora", api_key="k", base_url=f"http://127.0.0.1:{free.getsockname()[1]}", retries=0)
        with pytest.raises(errors.ConnectionFailed, match="check base_url, network and proxy") as caught:
            door.ask(client, "total_sessions_this_month")
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.is_temporary


def test_a_proxy_of_the_environment_does_not_get_what_is_for_this_machine() -> None:
    """Every variable leads to a port that accepts and counts."""
    code = """
import asyncio
from metertap.simulator import Simulator
with Simulator(seed=7, tls=True) as simulator:
    for tls in (False, True):
        simulator.client("sora", tls=tls).total_sessions_this_month()
        async def main():
            await simulator.client("sora", tls=tls, aio=True).total_sessions_this_month()
        asyncio.run(main())
    explicit = simulator.client("sora", proxy="http://127.0.0.1:9")
    explicit.total_sessions_this_month()
    print(simulator.counts.requests)
"""
    with counting_listener() as (port, accepted):
        proxy = f"http://user:secret@127.0.0.1:{port}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        poisoned = {name: proxy for plain in names for name in (plain, plain.lower())}
        assert run_python(code, env={**poisoned, "NO_PROXY": "", "no_proxy": ""}) == "5\n"
        assert accepted == []


@contextlib.contextmanager
def counting_listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port that takes connections, keeps the first bytes of each, and closes them."""
    accepted: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(2)
                    accepted.append(connection.recv(4096))

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1], accepted
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(2)


@pytest.mark.parametrize("source", ["keyword", "environment"])
def test_a_proxy_is_taken_for_another_machine(source: str) -> None:
    """The proxy gets the name of the host, and nothing that the request would hold."""
    code = """
import sys
import metertap
given = {"proxy": sys.argv[1]} if sys.argv[1] else {}
client = metertap.Sora(api_key="canary-81d2", base_url="https://meter.invalid", retries=0, **given)
try:
    client.total_sessions_this_month()
except metertap.errors.ConnectionFailed as error:
    print("hidden" if "secret" not in str(error) else error)
"""
    with counting_listener() as (port, accepted):
        proxy = f"http://user:secret@127.0.0.1:{port}"
        keyword, env = (proxy, {}) if source == "keyword" else ("", {"HTTPS_PROXY": proxy})
        assert run_python(code, keyword, env=env) == "hidden\n"
        [asked] = accepted
    assert asked.startswith(b"CONNECT meter.invalid:443 HTTP/1.1\r\n")
    assert b"canary-81d2" not in asked


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_the_environment_names_later_counts_for_later_clients(
    variable: str, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    def asks(client: Any) -> int:
        """Return how many connections the proxy got by one call."""
        before = len(accepted)
        with pytest.raises(errors.ConnectionFailed):
            door.ask(client, "total_sessions_this_month")
        return len(accepted) - before

    def client() -> Any:
        return door.client("sora", api_key="k", base_url="https://meter.invalid", retries=0)

    with counting_listener() as (port, accepted):
        early = client()
        monkeypatch.setenv(variable, f"127.0.0.1:{port}")
        assert asks(early) == 0  # although its connections are set up only now
        late = client()
        assert asks(late) == 1
        monkeypatch.setenv("NO_PROXY", "other.invalid,meter.invalid")
        assert (asks(client()), asks(late)) == (0, 1)
        monkeypatch.setenv("NO_PROXY", "*")
        assert asks(client()) == 0
        monkeypatch.setenv("NO_PROXY", "other.invalid")
        assert asks(client()) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_redirect_is_not_followed(
    status: int, provider: str, door: Door, server: ScriptedServer, simulator: Simulator
) -> None:
    secret_query = "token=canary-2a6b"
    server.script = [Reply(status, {"Location": f"{simulator.origin}/elsewhere?{secret_query}"})]
    given = {**simulator.credentials(provider), "base_url": server.base_url(provider), "retries": 0}
    method, arguments = QUESTIONS[provider]
    with pytest.raises((errors.UnexpectedRedirect, errors.AuthenticationFailed)) as caught:
        door.ask(door.client(provider, **given), method, **arguments)
    # Where a token is fetched first, it is the login that is redirected.
    assert isinstance(caught.value, errors.UnexpectedRedirect) or provider in ("uipath", "devicewise")
    assert caught.value.http_status == status
    assert "canary-2a6b" not in str(caught.value)
    assert simulator.counts.connections == 0
    assert len(server.seen) == 1

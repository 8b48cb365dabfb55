"""The proxy does to connections what it says."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.fault.proxy import Proxy


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionResetError):
            while data := self.request.recv(1024):
                self.request.sendall(data)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Proxy(server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=2)


def test_what_is_sent_comes_back(proxy: Proxy) -> None:
    with connect(proxy) as link:
        link.sendall(b"hello")
        assert link.recv(16) == b"hello"


@pytest.mark.parametrize("mode", ["blackhole", "half_open"])
def test_nothing_comes_back_until_the_cut_is_healed(proxy: Proxy, mode: str) -> None:
    with connect(proxy) as link:
        proxy.mode = mode  # type: ignore[assignment]
        link.sendall(b"hello")
        link.settimeout(0.3)
        with pytest.raises(TimeoutError):
            link.recv(16)
        proxy.mode = "pass"
        link.settimeout(2)
        assert link.recv(16) == b"hello"


def test_a_reset_ends_open_connections(proxy: Proxy) -> None:
    with connect(proxy) as link:
        link.sendall(b"hello")
        link.recv(16)
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            link.recv(16)


def test_who_is_refused_is_reset(proxy: Proxy) -> None:
    proxy.mode = "refuse"
    with pytest.raises(ConnectionResetError), connect(proxy) as link:
        link.recv(16)


def test_an_address_keeps_its_user_and_path(proxy: Proxy) -> None:
    through = proxy.through("postgres://ada@127.0.0.1:5432/yard")
    assert through == f"postgres://ada@127.0.0.1:{proxy.port}/yard"

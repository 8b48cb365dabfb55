"""What a socket writes at once, and what it leaves to the reactor."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection

from apps.console.serving import Socket


class Writers:
    """The part of a reactor that knows who has something left to write."""

    def __init__(self) -> None:
        self.waiting: set[Connection] = set()

    def addWriter(self, connection: Connection) -> None:
        self.waiting.add(connection)

    def removeWriter(self, connection: Connection) -> None:
        self.waiting.discard(connection)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


def over(ours: socket.socket) -> tuple[Socket, Writers]:
    """A socket of the console on this connection."""
    writers = Writers()
    reactor: Any = writers
    reader: Any = Protocol()
    transport = Connection(ours, reader, reactor)
    transport.connected = 1
    writing = Socket()
    writing.transport = transport
    return writing, writers


def all_of(theirs: socket.socket) -> bytes:
    found = b""
    while True:
        try:
            found += theirs.recv(1 << 20)
        except BlockingIOError:
            return found


def test_what_fits_is_sent_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    writing, writers = over(ours)
    writing._write(b"hello")
    assert (all_of(theirs), writers.waiting) == (b"hello", set())


def test_what_does_not_fit_comes_later_and_in_order(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    writing, writers = over(ours)
    found = b""
    for letter in (b"a", b"b", b"c"):
        writing._write(letter * 100_000)
        found += all_of(theirs)
        assert writers.waiting
    while writers.waiting:
        writing.transport.doWrite()
        found += all_of(theirs)
    assert found == b"a" * 100_000 + b"b" * 100_000 + b"c" * 100_000

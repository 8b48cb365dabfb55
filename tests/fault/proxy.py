"""A TCP proxy that delays, swallows and cuts what passes through it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

Mode = Literal["pass", "latency", "blackhole", "half_open", "refuse"]

CHUNK = 64 * 1024
LOOK_SECONDS = 0.02
LATENCY_SECONDS = 0.05
ABORT = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on loopback and forwards to one port; a context manager, on a thread of its own.

    `blackhole`: connections stay open, nothing passes; `half_open`: requests pass, answers do not;
    `refuse`: new connections are reset. What is held passes once the mode is `pass` again.
    """

    def __init__(self, target: int) -> None:
        self.mode: Mode = "pass"
        self.port = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def through(self, url: str) -> str:
        """The same address by way of this proxy."""
        parts = urlsplit(url)
        host = (parts.netloc.rpartition("@")[0] + "@") * ("@" in parts.netloc) + "127.0.0.1"
        return urlunsplit(parts._replace(netloc=f"{host}:{self.port}"))

    def reset(self) -> None:
        """Cut every open connection with a reset."""
        self._loop.call_soon_threadsafe(self._reset_all)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        self._reset_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "refuse":
            _abort(writer)
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _abort(writer)
            return
        self._open |= {writer, there[1]}
        for source, sink, answers in ((reader, there[1], False), (there[0], writer, True)):
            task = asyncio.ensure_future(self._pump(source, sink, answers=answers))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        try:
            while data := await source.read(CHUNK):
                await self._hold(answers=answers)
                sink.write(data)
                await sink.drain()
        except OSError:
            _abort(sink)
        finally:
            self._open.discard(sink)
            sink.close()

    async def _hold(self, *, answers: bool) -> None:
        if self.mode == "latency":
            await asyncio.sleep(LATENCY_SECONDS)
        while self.mode == "blackhole" or (self.mode == "half_open" and answers):
            await asyncio.sleep(LOOK_SECONDS)

    def _reset_all(self) -> None:
        for writer in list(self._open):
            _abort(writer)
        self._open.clear()


def _abort(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    writer.transport.abort()

"""daphne, with bodies capped while they arrive: of itself it spools them whole before any view."""

# First: it installs the reactor, which whatever else imports Twisted would choose otherwise.
from daphne import server as daphne_server  # isort: skip

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

from daphne import http_protocol, ws_protocol
from daphne.endpoints import build_endpoint_description_strings
from twisted.internet import reactor

from apps.console.api.errors import error_body
from apps.console.live.hub import Hub
from apps.console.middleware import TOO_LARGE, body_limit
from apps.console.waiting import STOPPING
from apps.tenants.last_use import LAST_USE

_REACTOR: Any = reactor
LINGER_SECONDS = 5.0
SOCKET_MESSAGE_BYTES = 64 * 1024
"""Of what a client sends."""


class CappedRequest(http_protocol.WebRequest):  # type: ignore[misc]
    """A request that is answered 413 as soon as its body is known to be above its path's limit."""

    limit = 0
    received = 0
    refused = False

    def gotLength(self, length: int | None) -> None:
        """The headers are there; `length` is None for a chunked body."""
        super().gotLength(length)
        path = self.channel._path.partition(b"?")[0]
        self.limit = body_limit(self.channel._command.decode("latin-1"), path.decode("latin-1"))
        if length is not None and length > self.limit:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """A part of the body arrived."""
        self.received += len(data)
        if self.received > self.limit:
            self._refuse()
        elif not self.refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The whole body arrived: of a chunked one the length, which views ask for, is known."""
        if self.refused:
            return
        if self.received and not self.requestHeaders.hasHeader(b"content-length"):
            self.requestHeaders.setRawHeaders(b"content-length", [str(self.received).encode()])
        super().requestReceived(command, path, version)

    def _refuse(self) -> None:
        """Answer, then swallow what still comes for a while: to close at once would reset the
        connection, and the client might never read why.
        """
        if self.refused:
            return
        self.refused = True
        self.requestHeaders.removeHeader(b"Expect")
        channel, transport = self.channel, self.channel.transport
        channel.dataReceived = lambda _: None
        transport.write(_too_large())
        transport.loseWriteConnection()
        _REACTOR.callLater(LINGER_SECONDS, transport.abortConnection)


class Socket(ws_protocol.WebSocketProtocol):  # type: ignore[misc]
    """A socket that may also close with 1012 and 1013 (RFC 6455's registry): the library's own
    method takes 1000 and private codes only. It may send more than it takes: the library has one
    limit for both. And it sends at once.
    """

    def serverSend(self, content: str, binary: bool = False) -> None:
        """The application sends a text. Whoever is gone gets nothing; the reader hears of it."""
        if self.state == self.STATE_OPEN:
            message = self.factory.prepareMessage(content.encode(), doNotCompress=True)
            self._write(message.payloadHybi)

    def _write(self, data: bytes) -> None:
        """To the kernel at once where nothing waits before it. The reactor's own way costs two
        `epoll_ctl` and another turn of the loop: with 1,000 sockets half of the time of an event.
        """
        transport, sent = self.transport, 0
        if not transport.dataBuffer and not transport._tempDataBuffer:
            # Full, or gone: the reactor waits, or finds out.
            with suppress(OSError):
                sent = transport.socket.send(data)
        if sent < len(data):
            transport.write(data[sent:])

    def serverClose(self, code: int | None = None) -> None:
        """The application closes."""
        self.sendCloseFrame(code=1000 if code is None else code)


def _too_large() -> bytes:
    body = error_body(413, TOO_LARGE)
    head = (
        "HTTP/1.1 413 Content Too Large\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        f"X-Request-ID: {uuid4()}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def make_server(
    host: str,
    port: int,
    application: Callable[..., Any],
    *,
    ready: Callable[[], None] | None = None,
) -> Any:
    """A daphne server; `run()` blocks until `stop()` is called in the reactor's thread.

    While it runs, this process also writes down when keys are used.
    """
    # daphne's factory looks its classes up here and offers no other way in.
    http_protocol.WebRequest = CappedRequest
    ws_protocol.WebSocketFactory.protocol = Socket
    LAST_USE.start()
    # What is loaded stays; and large JSON bodies would spend half their time in collections.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    _REACTOR.addSystemEventTrigger("before", "shutdown", LAST_USE.stop)
    return daphne_server.Server(
        application,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        signal_handlers=False,
        websocket_max_message_size=SOCKET_MESSAGE_BYTES,
        websocket_max_frame_size=SOCKET_MESSAGE_BYTES,
        ready_callable=ready,
        server_name="",
    )


async def _stop(server: Any) -> None:
    """Tell open sockets that this server restarts: once daphne stops, it cuts them."""
    await Hub.leave()
    server.stop()


def run_until_signal(server: Any) -> None:
    """Serve until SIGINT or SIGTERM. Who waits for a job is answered first: the reactor would
    sit their time out.
    """

    ending: list[asyncio.Future[None]] = []

    def stop(_number: int, _frame: object) -> None:
        STOPPING.set()
        _REACTOR.callFromThread(lambda: ending.append(asyncio.ensure_future(_stop(server))))

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.run()

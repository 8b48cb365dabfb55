"""Many sockets that only note when bytes come: what it costs to understand them is not measured."""

from __future__ import annotations

import json
import re
import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.viewers import Viewer

HANDSHAKE_SECONDS = 30
CONNECT_AT_ONCE = 8
_BEAT = re.compile(rb'"type":"beat","beat":(\d+)')


class Listener:
    """One page that follows a job, by a socket of its own."""

    def __init__(self, viewer: Viewer, job_id: str) -> None:
        address = viewer.url.replace("http", "ws", 1) + "/ws/console"
        self._protocol = ClientProtocol(parse_uri(address))
        place = urlsplit(viewer.url)
        self.socket = socket.create_connection(
            (place.hostname or "", place.port or 80), HANDSHAKE_SECONDS
        )
        request = self._protocol.connect()
        for name, value in (viewer.headers | {"Origin": viewer.url}).items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()
        while self._protocol.state.name == "CONNECTING":
            self._protocol.receive_data(self.socket.recv(65536))
        if self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc
        asks = {"op": "subscribe", "topic": f"job:{job_id}", "after": 0}
        self._protocol.send_text(json.dumps(asks).encode())
        self._flush()
        self.socket.setblocking(False)
        self._came: list[tuple[float, bytes]] = []
        self.since = time.time()

    def note(self) -> None:
        """Bytes are there."""
        with suppress(BlockingIOError):
            self._came.append((time.time(), self.socket.recv(1 << 20)))
            for beat in _BEAT.findall(self._came[-1][1]):
                self._protocol.send_text(json.dumps({"op": "ack", "beat": int(beat)}).encode())
                self._flush()

    def events(self) -> Iterator[tuple[int, float, float]]:
        """The number of each event, when it was written and when it came: Unix seconds."""
        for at, data in self._came:
            self._protocol.receive_data(data)
            for frame in self._protocol.events_received():
                if isinstance(frame, Frame) and frame.opcode is Opcode.TEXT:
                    for event in json.loads(bytes(frame.data)).get("events", ()):
                        yield event["seq"], datetime.fromisoformat(event["at"]).timestamp(), at

    @property
    def bytes(self) -> int:
        """All that came."""
        return sum(len(data) for _, data in self._came)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            self.socket.sendall(data)


def listen(seen: Sequence[Viewer], job_id: str, is_over: Callable[[], bool]) -> list[Listener]:
    """Follow a job with all of them until it is over; each reads as soon as it is connected."""
    crowd: list[Listener] = []
    with ThreadPoolExecutor(CONNECT_AT_ONCE) as pool, selectors.DefaultSelector() as selector:
        coming = {pool.submit(Listener, viewer, job_id) for viewer in seen}
        while not is_over():
            for there in [one for one in coming if one.done()]:
                coming.remove(there)
                crowd.append(there.result())
                selector.register(crowd[-1].socket, selectors.EVENT_READ, crowd[-1])
            ready: list[tuple[selectors.SelectorKey, Any]] = selector.select(0.05)
            for key, _ in ready:
                key.data.note()
    for one in crowd:
        one.socket.close()
    return crowd

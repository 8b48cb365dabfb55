"""A socket as the hub sees it: one bounded slot per topic, sent no faster than it is read."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from apps.console.live import frames

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from apps.console.live.feeds import Feed
    from apps.tenants.sockets import Visitor

MOST_WAITING = 1024 * 1024
"""More of events and lines than this waits for nobody: what was left out is said with a reset."""
WINDOW = 1024 * 1024
"""Bytes under way that no beat's acknowledgement has covered. The server under us buffers without
bound, so this is what a reader that stalls can cost.
"""
FRAMES_A_SECOND = 20
SILENT_SECONDS = 30.0
TOO_SLOW = 4408
_STREAMS = ("events", "lines")

Key = tuple[str, str, int]
"""What kind of frame, of which topic, which one."""


class Seat:
    """What one socket is subscribed to, and what waits to be sent to it."""

    def __init__(
        self,
        visitor: Visitor,
        send: Callable[[bytes], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        self.visitor = visitor
        self.feeds: dict[str, Feed] = {}
        self.closing: int | None = None
        self._send = send
        self._close = close
        self._waiting: dict[Key, list[bytes]] = {}
        self._size = 0
        self._number = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._beats: deque[tuple[int, int, float]] = deque()
        self._beat = 0
        self._sent = 0
        self._acked = 0
        self._allowed = float(FRAMES_A_SECOND)
        self._allowed_at = time.monotonic()

    # What the hub says ---------------------------------------------------------------------------

    def put(self, frame: bytes, topic: str = "") -> None:
        """A frame of its own, in order."""
        self._number += 1
        self._add(("frame", topic, self._number), [frame])

    def put_newest(self, topic: str, frame: bytes) -> None:
        """Takes the place of the one that waits."""
        self._drop(("newest", topic, 0))
        self._add(("newest", topic, 0), [frame])

    def put_events(self, topic: str, texts: list[bytes]) -> None:
        """Events that follow those before without a gap; they share a frame with what waits."""
        self._add(("events", topic, 0), texts)

    def put_lines(self, topic: str, attempt: int, texts: list[bytes]) -> None:
        """Lines of a log, likewise."""
        self._add(("lines", topic, attempt), texts)

    def reset(self, topic: str, reason: str) -> None:
        """Something of this topic was left out: the subscription ends."""
        self.leave(topic)
        self.put(frames.reset(topic, reason), topic)

    def leave(self, topic: str) -> None:
        """Nothing of this topic is sent any more."""
        feed = self.feeds.pop(topic, None)
        if feed is not None:
            feed.leave(self, topic)
        for key in [key for key in self._waiting if key[1] == topic]:
            self._drop(key)

    def leave_all(self) -> None:
        """The socket is gone."""
        for topic in list(self.feeds):
            self.leave(topic)

    def beat(self, heads: Mapping[str, int]) -> None:
        """The pipeline works, and this is how far each topic is."""
        self._beat += 1
        # Of several that wait the newest is enough; its number is known once it is sent.
        self._drop(("beat", "", 0))
        self._add(("beat", "", 0), [frames.beat(self._beat, heads)])

    @property
    def silent(self) -> bool:
        """Whether a beat was not acknowledged for too long."""
        return bool(self._beats) and time.monotonic() - self._beats[0][2] > SILENT_SECONDS

    def close(self, code: int) -> None:
        """End the socket with this code; what waits is dropped."""
        if self.closing is None:
            self.closing = code
            self._waiting.clear()
            self._work.set()
            self._room.set()

    def acknowledge(self, beat: int) -> None:
        """All that was sent before this beat has arrived."""
        while self._beats and self._beats[0][0] <= beat:
            self._acked = self._beats.popleft()[1]
        self._room.set()

    # The socket's own task -----------------------------------------------------------------------

    async def write(self) -> None:
        """Send what waits until the socket is closed."""
        while self.closing is None:
            await self._work.wait()
            if self._waiting and self._sent - self._acked > WINDOW:
                await self._wait_for_room()
                continue
            await self._pace()
            if self._waiting:
                await self._send_next()
            if not self._waiting and self.closing is None:
                self._work.clear()
        await self._close(self.closing)

    async def _send_next(self) -> None:
        key = next(iter(self._waiting))
        kind, topic, number = key
        texts = self._drop(key)
        match kind:
            case "events":
                frame = frames.events(topic, texts)
            case "lines":
                body = b'{"attempt":%d,"lines":[%b]}' % (number, b",".join(texts))
                frame = frames.patch(topic, body)
            case _:
                (frame,) = texts
        self._sent += len(frame)
        if kind == "beat":
            self._beats.append((self._beat, self._sent, time.monotonic()))
        await self._send(frame)
        last = self._beats[-1][1] if self._beats else self._acked
        if self._sent - last > WINDOW // 4 and ("beat", "", 0) not in self._waiting:
            self.beat({})

    async def _wait_for_room(self) -> None:
        self._room.clear()
        await self._room.wait()

    async def _pace(self) -> None:
        now = time.monotonic()
        self._allowed += (now - self._allowed_at) * FRAMES_A_SECOND
        self._allowed = min(self._allowed, float(FRAMES_A_SECOND))
        self._allowed_at = now
        if self._allowed < 1:
            await asyncio.sleep((1 - self._allowed) / FRAMES_A_SECOND)
            self._allowed_at = time.monotonic()
            self._allowed = 1.0
        self._allowed -= 1

    def _add(self, key: Key, texts: list[bytes]) -> None:
        if self.closing is not None:
            return
        self._waiting.setdefault(key, []).extend(texts)
        if key[0] in _STREAMS:
            self._size += sum(map(len, texts))
            if self._size > MOST_WAITING:
                self._give_up()
        self._work.set()

    def _drop(self, key: Key) -> list[bytes]:
        texts = self._waiting.pop(key, [])
        if key[0] in _STREAMS:
            self._size -= sum(map(len, texts))
        return texts

    def _give_up(self) -> None:
        """Too much waits: streams end with a reset, and their clients begin anew."""
        for topic in {topic for kind, topic, _ in self._waiting if kind in _STREAMS}:
            self.reset(topic, "overflow")

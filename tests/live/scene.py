"""A hub on a loop of its own with one socket: see the fixture `play`."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from apps.console.live.frames import read
from apps.console.live.hub import Hub
from apps.console.live.seat import Seat
from apps.tenants import keys
from apps.tenants.sockets import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.tenants.models import Tenant

Frame = dict[str, Any]


class Scene:
    """A hub on this loop, and a socket of the tenant acme that acknowledges everything."""

    def __init__(self, tenant: Tenant) -> None:
        self.hub = Hub.here()
        self.frames: list[Frame] = []
        self.code: int | None = None
        visitor = Visitor("key", "someone", tenant, frozenset(keys.SCOPES))
        self.seat = Seat(visitor, self._send, self._close)
        self.hub.admit(self.seat)
        self.writer = asyncio.ensure_future(self.seat.write())

    async def _send(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))
        if self.frames[-1]["type"] == "beat":
            self.seat.acknowledge(self.frames[-1]["beat"])

    async def _close(self, code: int) -> None:
        self.code = code

    async def follow(self, topic: str, **more: Any) -> None:
        asked = {"op": "subscribe", "topic": topic, **more}
        await self.hub.handle(self.seat, read(json.dumps(asked)))

    async def until(self, wanted: Callable[[], Any], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not wanted():
                await asyncio.sleep(0.01)

    def seqs(self) -> list[int]:
        found = [frame["events"] for frame in self.frames if frame["type"] == "events"]
        return [event["seq"] for events in found for event in events]

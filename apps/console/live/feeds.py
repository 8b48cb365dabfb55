"""What sockets can follow: each feed is read once per change and sent to all who follow it."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from apps.console.live.seat import Seat

logger = logging.getLogger(__name__)

SEATS_AT_ONCE = 100
"""So many sockets are served before others get a turn."""
AFTER_FAILURE_SECONDS = 1.0


class Reader(Protocol):
    """Runs what reads the database, in a thread."""

    async def __call__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any: ...


class Feed(ABC):
    """Something that changes and is followed. `seq` never goes back."""

    pause: ClassVar[float] = 0.05

    def __init__(self, read: Reader, forget: Callable[[Feed], None]) -> None:
        self.seq = 0
        self.seats: dict[Seat, str] = {}
        self._read = read
        self._forget = forget
        self._dirty = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    def mark(self) -> None:
        """It may have changed."""
        self._dirty.set()

    def leave(self, seat: Seat, topic: str) -> None:
        """One follower less; the last one ends the feed."""
        if self.seats.get(seat) == topic:
            del self.seats[seat]
        self.end_if_empty()

    def end_if_empty(self) -> None:
        """Nobody follows it."""
        if not self.seats:
            self._task.cancel()
            self._forget(self)

    def _take(self, seat: Seat, topic: str) -> None:
        self.seats[seat] = topic
        seat.feeds[topic] = self

    async def _run(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may work
                logger.warning("live_feed_not_read", extra={"cause": repr(error)})
                self._dirty.set()
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
            await asyncio.sleep(self.pause)

    async def _for_each(self, tell: Callable[[Seat, str], None]) -> None:
        for number, (seat, topic) in enumerate(list(self.seats.items()), 1):
            if self.seats.get(seat) == topic:
                tell(seat, topic)
            if number % SEATS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def reset_all(self, reason: str) -> None:
        """Nobody can follow it any further from here."""
        for seat, topic in list(self.seats.items()):
            seat.reset(topic, reason)

    @abstractmethod
    async def refresh(self) -> None:
        """Read what is new and hand it to the followers."""

"""What is followed without a gap: the events of a job, the lines of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.console.live import frames, reading
from apps.console.live.feeds import Feed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any
    from uuid import UUID

    from apps.console.live.feeds import Reader
    from apps.console.live.seat import Seat


class JobFeed(Feed):
    """The events of a job, as staff or as its tenant see them: each once, in order."""

    def __init__(
        self, job_id: UUID, seq: int, *, to_tenant: bool, read: Reader, forget: Any
    ) -> None:
        super().__init__(read, forget)
        self.job_id = job_id
        self.to_tenant = to_tenant
        self.seq = seq
        self.head = seq
        self._at: dict[Seat, int] = {}

    async def join(self, seat: Seat, topic: str, after: int) -> None:
        """Follow from behind this event on."""
        while after < self.seq:
            found = await self._events(after)
            if not found or found[0][0] != after + 1:
                seat.reset(topic, "gap")
                return
            if self._too_large(found):
                seat.reset(topic, "too_large")
                return
            seat.put_events(topic, [text for _, text in found])
            after = found[-1][0]
        # Nothing else ran since the comparison: what comes next reaches this follower too.
        if seat.closing is None:
            self._at[seat] = after
            self._take(seat, topic)
            self.mark()

    def leave(self, seat: Seat, topic: str) -> None:
        self._at.pop(seat, None)
        super().leave(seat, topic)

    async def refresh(self) -> None:
        found = await self._events(self.seq)
        if not found:
            return
        if found[0][0] != self.seq + 1:
            self.reset_all("gap")
            return
        if self._too_large(found):
            self.reset_all("too_large")
            return
        before, self.seq = self.seq, found[-1][0]
        self.head = max(self.head, self.seq)
        texts = [text for _, text in found]

        def tell(seat: Seat, topic: str) -> None:
            new = texts[self._at[seat] - before :]
            if new:
                self._at[seat] = self.seq
                seat.put_events(topic, new)

        await self._for_each(tell)
        if len(found) >= reading.EVENTS_AT_ONCE:
            self.mark()

    def tell_progress(self, shares: Mapping[str, float]) -> None:
        """How far running tasks are; no event."""
        for seat, topic in self.seats.items():
            seat.put(frames.progress(topic, shares), topic)

    async def _events(self, after: int) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = await self._read(
            reading.events_after, self.job_id, after, to_tenant=self.to_tenant
        )
        return found

    @staticmethod
    def _too_large(found: list[tuple[int, bytes]]) -> bool:
        return any(len(text) > frames.MOST_BYTES for _, text in found)


class LogFeed(Feed):
    """The log of a task's newest attempt."""

    pause = 0.2

    def __init__(self, task_id: UUID, attempt: int, after: int, *, read: Reader, forget: Any):
        super().__init__(read, forget)
        self.task_id = task_id
        self.attempt = attempt
        self.seq = after
        self._at: dict[Seat, int] = {}

    async def join(self, seat: Seat, topic: str, after: int) -> None:
        """Follow from behind this line on."""
        attempt = self.attempt
        while after < self.seq and attempt == self.attempt:
            newest, lines = await self._read(reading.log_lines, self.task_id, attempt, after)
            if newest != attempt or not lines:
                break
            seat.put_lines(topic, attempt, [text for _, text in lines])
            after = lines[-1][0]
        if seat.closing is None:
            self._at[seat] = max(after, self.seq) if attempt == self.attempt else 0
            self._take(seat, topic)
            self.mark()

    def leave(self, seat: Seat, topic: str) -> None:
        self._at.pop(seat, None)
        super().leave(seat, topic)

    async def refresh(self) -> None:
        newest, lines = await self._read(reading.log_lines, self.task_id, self.attempt, self.seq)
        if newest != self.attempt:
            self.attempt, self.seq = newest, 0
            self._at = dict.fromkeys(self._at, 0)
        if not lines:
            return
        self.seq = lines[-1][0]

        def tell(seat: Seat, topic: str) -> None:
            new = [text for number, text in lines if number > self._at[seat]]
            if new:
                self._at[seat] = self.seq
                seat.put_lines(topic, newest, new)

        await self._for_each(tell)
        if len(lines) >= reading.LINES_AT_ONCE:
            self.mark()

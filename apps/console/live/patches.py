"""What is followed by its newest state: boards, and the rows of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.console.live import frames, reading
from apps.console.live.feeds import Feed

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from apps.console.live.feeds import Reader
    from apps.console.live.seat import Seat
    from apps.tenants.models import Tenant


class BoardFeed(Feed):
    """The newest of something that is shown whole."""

    pause = 0.25

    def __init__(
        self, kind: str, tenant: Tenant | None, *, realtime: bool, read: Reader, forget: Any
    ) -> None:
        super().__init__(read, forget)
        self.kind = kind
        self.tenant = tenant
        self._realtime = realtime
        self._print = ""
        self._new: set[Seat] = set()

    def join(self, seat: Seat, topic: str) -> None:
        """Follow; the newest comes at once."""
        self._take(seat, topic)
        self._new.add(seat)
        self.mark()

    def leave(self, seat: Seat, topic: str) -> None:
        self._new.discard(seat)
        super().leave(seat, topic)

    async def refresh(self) -> None:
        seq, data, told_apart = await self._read(
            reading.board, self.kind, self.tenant, realtime=self._realtime
        )
        changed = told_apart != self._print
        # Several processes' clocks are one, the database's; it may still be set back.
        self.seq = max(self.seq, seq)
        self._print = told_apart
        new, self._new = self._new, set()

        def tell(seat: Seat, topic: str) -> None:
            if changed or seat in new:
                seat.put_newest(topic, frames.patch(topic, data, self.seq))

        await self._for_each(tell)


class JobsFeed(Feed):
    """The rows of a tenant's jobs, or of all jobs, that have changed."""

    pause = 0.25

    def __init__(self, tenant: Tenant | None, *, read: Reader, forget: Any) -> None:
        super().__init__(read, forget)
        self.tenant = tenant
        self._changed: set[UUID] = set()
        self._known: dict[UUID, int] | None = None

    def join(self, seat: Seat, topic: str) -> None:
        """Follow what changes from now on."""
        self._take(seat, topic)

    def note(self, job_id: UUID, seq: int) -> None:
        """A job has a new event."""
        if self._known is not None:
            self._known[job_id] = seq
        self._changed.add(job_id)
        self.mark()

    async def look(self) -> None:
        """Notice what no hint told of."""
        heads: dict[UUID, int] = await self._read(reading.watched_heads, self.tenant)
        if self._known is not None:
            gone = self._known.keys() - heads.keys()
            newer = {job_id for job_id, seq in heads.items() if self._known.get(job_id, -1) < seq}
            self._changed |= gone | newer
        self._known = heads
        if self._changed:
            self.mark()

    async def refresh(self) -> None:
        changed, self._changed = self._changed, set()
        if not changed:
            return
        try:
            seq, data = await self._read(reading.changed_rows, self.tenant, changed)
        except Exception:
            self._changed |= changed
            raise
        self.seq = max(self.seq + 1, seq)
        # Each patch tells of other rows: none may take the place of the one before.
        await self._for_each(lambda seat, topic: self._tell(seat, topic, data))

    def _tell(self, seat: Seat, topic: str, data: bytes) -> None:
        seat.put(frames.patch(topic, data, self.seq), topic)

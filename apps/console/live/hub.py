"""The hub: what has changed comes in once per process and goes out to every socket it serves."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.db import close_old_connections

from apps.console.live import frames, reading
from apps.console.live.feeds import Feed
from apps.console.live.patches import BoardFeed, JobsFeed
from apps.console.live.seat import TOO_SLOW, Seat
from apps.console.live.streams import JobFeed, LogFeed
from apps.console.live.subscribe import subscribe
from apps.tenants import hints, sockets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from apps.console.live.frames import Asked

logger = logging.getLogger(__name__)

THREADS = 3
BEAT_SECONDS = 10.0
HEADS_SECONDS = 2.0
CHECK_SECONDS = 4.0
RENEW_SECONDS = 3600.0
"""The layer forgets members after a day."""
DEAF_SECONDS = 2.5 * BEAT_SECONDS
RESTART_PAUSE = 1.0
LEAVE_SECONDS = 1.0
MOST_SEATS = 50
GONE, RESTART = 4401, 1012

FeedKey = tuple[object, ...]


class Hub:
    """One per process, on its server's loop. Sockets take a seat and subscribe; see `here`."""

    _here: Hub | None = None

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.seats: set[Seat] = set()
        self._feeds: dict[FeedKey, Feed] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="live")
        self._listener: asyncio.Task[None] | None = None
        self._heard_at = time.monotonic()
        hints.PUBLISHER.attach(asyncio.get_running_loop())
        parts = (self._listen, self._renew, self._beat, self._look, self._check)
        self._parts = [asyncio.ensure_future(_supervise(part)) for part in parts]

    @classmethod
    def here(cls) -> Hub:
        """The hub of the running server; made when the first socket comes."""
        if cls._here is None:
            cls._here = cls()
        return cls._here

    @classmethod
    async def leave(cls) -> None:
        """The server is about to stop: clients are told to come again."""
        hub, cls._here = cls._here, None
        if hub is None:
            return
        hints.PUBLISHER.detach()
        for task in [*hub._parts, hub._listener]:
            if task is not None:
                task.cancel()
        for seat in list(hub.seats):
            seat.close(RESTART)
        deadline = time.monotonic() + LEAVE_SECONDS
        while hub.seats and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        hub._threads.shutdown(wait=False, cancel_futures=True)

    async def read(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run what asks the database in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, partial(_with_connection, function, *args, **kwargs)
        )

    # Sockets -------------------------------------------------------------------------------------

    def admit(self, seat: Seat) -> bool:
        """Give this socket a place, unless its tenant or user has too many."""
        owners = Counter(other.visitor.owner for other in self.seats)
        if owners[seat.visitor.owner] >= MOST_SEATS:
            return False
        self.seats.add(seat)
        seat.put(frames.hello(self.epoch))
        return True

    def dismiss(self, seat: Seat) -> None:
        """The socket is gone."""
        self.seats.discard(seat)
        seat.leave_all()

    async def handle(self, seat: Seat, asked: Asked) -> None:
        """Do what a client asks for, or say why not."""
        match asked.op:
            case "ack":
                seat.acknowledge(asked.beat)
            case "unsubscribe":
                seat.leave(asked.topic)
            case _:
                await subscribe(self, seat, asked)

    def feed(self, key: FeedKey, kind: Callable[..., Any], *facts: Any, **more: Any) -> Any:
        """The feed of this key, made where nobody follows it yet."""
        feed = self._feeds.get(key)
        if feed is None:
            feed = kind(*facts, **more, read=self.read, forget=partial(self._forget, key))
            self._feeds[key] = feed
        return feed

    def _forget(self, key: FeedKey, feed: Feed) -> None:
        if self._feeds.get(key) is feed:
            del self._feeds[key]

    # Parts: each runs for ever, and is started anew when it dies ---------------------------------

    async def _listen(self) -> None:
        layer: Any = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(hints.GROUP, channel)
        self._channel = channel
        # A task of its own: a layer forgets a channel whose receiver is cancelled.
        self._listener = asyncio.ensure_future(self._receive(layer, channel))
        await asyncio.wait([self._listener])
        await asyncio.sleep(RESTART_PAUSE)

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            self._hear(await layer.receive(channel))

    def _hear(self, message: dict[str, Any]) -> None:
        if self.epoch in message["beats"]:
            self._heard_at = time.monotonic()
            for seat in self.seats:
                seat.beat({topic: _head(feed) for topic, feed in seat.feeds.items()})
        for job_hex, tenant_hex, seq in message["jobs"]:
            self._job_changed(UUID(job_hex), UUID(tenant_hex), seq)
        if message["jobs"] or message.get("pool") or message["much"]:
            self._mark(BoardFeed)
        if message["much"]:
            self._mark(JobFeed, JobsFeed, LogFeed)
        for task_hex in message["logs"]:
            if feed := self._feeds.get(("log", UUID(task_hex))):
                feed.mark()
        self._tell_progress(message["progress"])

    def _job_changed(self, job_id: UUID, tenant_id: UUID, seq: int) -> None:
        for feed in self._job_feeds(job_id):
            feed.head = max(feed.head, seq)
            feed.mark()
        for owner in (tenant_id, None):
            jobs = self._feeds.get(("jobs", owner))
            if isinstance(jobs, JobsFeed):
                jobs.note(job_id, seq)

    def _tell_progress(self, found: list[tuple[str, str, float]]) -> None:
        shares: dict[UUID, dict[str, float]] = {}
        for task_hex, job_hex, share in found:
            shares.setdefault(UUID(job_hex), {})[str(UUID(task_hex))] = share
        for job_id, tasks in shares.items():
            for feed in self._job_feeds(job_id):
                feed.tell_progress(tasks)

    def _job_feeds(self, job_id: UUID) -> list[JobFeed]:
        found = [self._feeds.get(("job", job_id, to_tenant)) for to_tenant in (True, False)]
        return [feed for feed in found if isinstance(feed, JobFeed)]

    def _mark(self, *kinds: type[Feed]) -> None:
        for feed in self._feeds.values():
            if isinstance(feed, kinds):
                feed.mark()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            layer: Any = get_channel_layer()
            await layer.group_add(hints.GROUP, self._channel)

    async def _beat(self) -> None:
        """Beats go the way of all hints: what stops them is what stops everything."""
        while True:
            hints.beat(self.epoch)
            await asyncio.sleep(BEAT_SECONDS)
            if time.monotonic() - self._heard_at > DEAF_SECONDS and self._listener is not None:
                logger.warning("live_hub_deaf")
                self._heard_at = time.monotonic()
                self._listener.cancel()

    async def _look(self) -> None:
        """Notice what no hint told of."""
        while True:
            await asyncio.sleep(HEADS_SECONDS)
            feeds = list(self._feeds.values())
            jobs = [feed for feed in feeds if isinstance(feed, JobFeed)]
            heads = await self.read(reading.heads, {feed.job_id for feed in jobs}) if jobs else {}
            for job in jobs:
                job.head = max(job.head, heads.get(job.job_id, 0))
                if job.job_id not in heads:
                    job.reset_all("gone")
                elif job.head > job.seq:
                    job.mark()
            for feed in feeds:
                if isinstance(feed, JobsFeed):
                    await feed.look()
                elif not isinstance(feed, JobFeed):
                    feed.mark()

    async def _check(self) -> None:
        """Close the sockets of those who may not look any more, and of those who do not answer."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for seat in [seat for seat in self.seats if seat.silent]:
                seat.close(TOO_SLOW)
            visitors = {seat.visitor for seat in self.seats}
            alive = await self.read(sockets.still_welcome, visitors) if visitors else set()
            for seat in list(self.seats):
                if seat.visitor in visitors and seat.visitor not in alive:
                    seat.close(GONE)


def _head(feed: Feed) -> int:
    return feed.head if isinstance(feed, JobFeed) else feed.seq


def _with_connection(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()


async def _supervise(part: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await part()
        except Exception as error:  # noqa: BLE001 - whatever it was, the part has to live
            logger.warning("live_part_died", extra={"part": part.__name__, "cause": repr(error)})
            await asyncio.sleep(RESTART_PAUSE)

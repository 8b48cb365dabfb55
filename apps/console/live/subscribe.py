"""What a socket may follow, and where it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.console.live import frames, reading
from apps.console.live.patches import BoardFeed, JobsFeed
from apps.console.live.streams import JobFeed, LogFeed
from apps.tenants import sockets

if TYPE_CHECKING:
    from uuid import UUID

    from apps.console.live.frames import Asked
    from apps.console.live.hub import Hub
    from apps.console.live.seat import Seat
    from apps.tenants.models import Tenant

MOST_TOPICS = 100
MOST_BEHIND = 4_000
"""A client that has missed more events fetches the whole instead."""
MOST_SNAPSHOT_BYTES = 2 * 1024 * 1024


class Refused(Exception):
    """Not granted; `code` says why, as in an error frame."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def subscribe(hub: Hub, seat: Seat, asked: Asked) -> None:
    """Let this socket follow a topic, from `after` on or from the whole; or say why not."""
    seat.leave(asked.topic)
    try:
        tenant = await _tenant(hub, seat, asked)
        match asked.kind:
            case "job":
                await _follow_job(hub, seat, asked, tenant)
            case "log":
                await _follow_log(hub, seat, asked, tenant)
            case _:
                _follow_board(hub, seat, asked, tenant)
    except Refused as refused:
        seat.put(frames.error(refused.code, asked.topic), asked.topic)


async def _tenant(hub: Hub, seat: Seat, asked: Asked) -> Tenant | None:
    """Whose part it is; None for all of them."""
    visitor = seat.visitor
    if len(seat.feeds) >= MOST_TOPICS:
        raise Refused("too_many")
    needed = "realtime:read" if asked.kind == "realtime" else "jobs:read"
    for_staff = asked.tenant is not None or asked.kind == "gpus"
    if needed not in visitor.scopes or (for_staff and not visitor.is_staff):
        raise Refused("forbidden")
    if asked.tenant is None:
        return visitor.tenant
    chosen: Tenant | None = await hub.read(sockets.tenant_named, asked.tenant)
    if chosen is None:
        raise Refused("not_found")
    return chosen


async def _follow_job(hub: Hub, seat: Seat, asked: Asked, tenant: Tenant | None) -> None:
    job_id = asked.of
    assert job_id is not None  # noqa: S101
    head: int | None = await hub.read(reading.job_head, job_id, tenant)
    if head is None:
        raise Refused("not_found")
    # As in the API: staff who look at one tenant see what that tenant sees.
    to_tenant = tenant is not None
    after = asked.after
    if after is None:
        after = await _send_snapshot(hub, seat, asked.topic, job_id, to_tenant=to_tenant)
    elif after > head:
        seat.reset(asked.topic, "ahead")
        return
    elif head - after > MOST_BEHIND:
        seat.reset(asked.topic, "too_far_behind")
        return
    if after is None:
        return
    key = ("job", job_id, to_tenant)
    feed: JobFeed = hub.feed(key, JobFeed, job_id, after, to_tenant=to_tenant)
    await feed.join(seat, asked.topic, after)
    feed.end_if_empty()


async def _send_snapshot(
    hub: Hub, seat: Seat, topic: str, job_id: UUID, *, to_tenant: bool
) -> int | None:
    seq, data = await hub.read(reading.snapshot, job_id, to_tenant=to_tenant)
    if len(data) > MOST_SNAPSHOT_BYTES:
        seat.reset(topic, "too_large")
        return None
    seat.put(frames.snapshot(topic, hub.epoch, seq, data), topic)
    return int(seq)


async def _follow_log(hub: Hub, seat: Seat, asked: Asked, tenant: Tenant | None) -> None:
    task_id, after = asked.of, asked.after or 0
    assert task_id is not None  # noqa: S101
    attempt: int | None = await hub.read(reading.task_attempt, task_id, tenant)
    if attempt is None:
        raise Refused("not_found")
    feed: LogFeed = hub.feed(("log", task_id), LogFeed, task_id, attempt, after)
    await feed.join(seat, asked.topic, after)
    feed.end_if_empty()


def _follow_board(hub: Hub, seat: Seat, asked: Asked, tenant: Tenant | None) -> None:
    whose = tenant.pk if tenant else None
    if asked.kind == "jobs":
        jobs: JobsFeed = hub.feed(("jobs", whose), JobsFeed, tenant)
        jobs.join(seat, asked.topic)
        return
    realtime = "realtime:read" in seat.visitor.scopes
    key = (asked.kind, whose, realtime)
    board: BoardFeed = hub.feed(key, BoardFeed, asked.kind, tenant, realtime=realtime)
    board.join(seat, asked.topic)

"""Hints: "this has changed", from any thread of any process to the hubs that serve pages.

Losing one costs latency, never truth: a hub reads heads from the database every few seconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from channels.layers import get_channel_layer
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

logger = logging.getLogger(__name__)

GROUP = "live"
PACE_SECONDS = 0.02
"""What happens within so short a time travels in one message."""
SEND_SECONDS = 1.0
MOST = 2_000
"""More hints than this in one message say only that much has changed."""


@dataclass
class Hints:
    """What has changed since the last message. `jobs`: the tenant and the newest event of each."""

    jobs: dict[str, tuple[str, int]] = field(default_factory=dict)
    logs: set[str] = field(default_factory=set)
    progress: dict[str, tuple[str, float]] = field(default_factory=dict)
    pool: set[str] = field(default_factory=set)
    much: bool = False
    beats: set[str] = field(default_factory=set)

    def message(self) -> dict[str, Any]:
        """As it travels."""
        return {
            "type": "hints",
            "jobs": [[job_id, *facts] for job_id, facts in self.jobs.items()],
            "logs": sorted(self.logs),
            "progress": [[task_id, *facts] for task_id, facts in self.progress.items()],
            "pool": bool(self.pool),
            "much": self.much,
            "beats": sorted(self.beats),
        }

    def bound(self) -> None:
        """Keep it small, whatever happens."""
        if len(self.jobs) + len(self.logs) + len(self.progress) > MOST:
            self.jobs, self.logs, self.progress, self.much = {}, set(), {}, True


class Publisher:
    """Sends hints through the channel layer, on one loop only: neither layer bears several.

    In a process that serves pages that is the server's loop; in a worker one of our own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hints = Hints()
        self.changes = 0
        self._under_way = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sent_at = 0.0
        self._quiet_until = 0.0
        self._sending: set[asyncio.Task[None]] = set()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on send from the server's loop."""
        with self._lock:
            self._loop, self._under_way = loop, False

    def detach(self) -> None:
        """The server's loop ends."""
        with self._lock:
            self._loop, self._under_way = None, False

    def note(self, **changes: Any) -> None:
        """Add to what is sent next; returns at once."""
        with self._lock:
            self.changes += 1
            for name, value in changes.items():
                getattr(self._hints, name).update(value)
            self._hints.bound()
            loop = self._loop or self._own_loop()
            if loop is None:
                # Nobody serves pages here, and the layer reaches no other process.
                self._hints = Hints()
            elif not self._under_way:
                self._under_way = True
                with suppress(RuntimeError):  # The loop is closed: the process is about to leave.
                    loop.call_soon_threadsafe(self._send_soon, loop)

    def _own_loop(self) -> asyncio.AbstractEventLoop | None:
        if not settings.REDIS_URL:
            return None
        self._loop = loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, name="hints", daemon=True).start()
        return loop

    def _send_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        pause = self._sent_at + PACE_SECONDS - time.monotonic()
        loop.call_later(max(0.0, pause), self._begin, loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        task = loop.create_task(self._send())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self) -> None:
        with self._lock:
            hints, self._hints = self._hints, Hints()
            self._under_way = False
        self._sent_at = time.monotonic()
        try:
            layer: Any = get_channel_layer()
            await asyncio.wait_for(layer.group_send(GROUP, hints.message()), SEND_SECONDS)
        except Exception as error:  # noqa: BLE001 - the layer raises what its broker does
            if time.monotonic() > self._quiet_until:
                self._quiet_until = time.monotonic() + 10
                logger.warning("hints_not_sent", extra={"cause": str(error) or repr(error)})


PUBLISHER = Publisher()


def _after_fork() -> None:
    global PUBLISHER  # noqa: PLW0603
    PUBLISHER = Publisher()


os.register_at_fork(after_in_child=_after_fork)


def jobs_changed(changes: Iterable[tuple[UUID, UUID, int]]) -> None:
    """Each job with its tenant and the number of its newest event. Call once it is committed."""
    PUBLISHER.note(jobs={job_id.hex: (tenant.hex, seq) for job_id, tenant, seq in changes})


def log_grew(task_id: UUID) -> None:
    """A task's log has more lines."""
    PUBLISHER.note(logs={task_id.hex})


def progressed(job_id: UUID, task_id: UUID, share: float) -> None:
    """A task says how far it is, from 0 to 1."""
    PUBLISHER.note(progress={task_id.hex: (job_id.hex, share)})


def pool_changed() -> None:
    """Realtime workers or sessions are not what they were. Call once it is committed."""
    PUBLISHER.note(pool={"changed"})


def beat(epoch: str) -> None:
    """Comes back to the hub of this epoch if hints still travel."""
    PUBLISHER.note(beats={epoch})

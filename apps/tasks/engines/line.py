"""The attempts of one engine in a worker's hands: waiting for a slot, or in one."""

from __future__ import annotations

import statistics
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from apps.tasks.engines.slots import Slot

if TYPE_CHECKING:
    from apps.tasks.engines.definition import Engine
    from apps.tasks.engines.hosts import HostPool
    from apps.tasks.engines.running import Run

BATCH_SECONDS = 0.05
"""A batch is so large that its last task waits about so long for its turn."""

AHEAD_SECONDS = 0.02
"""The same of what is held ahead for an engine that takes one task at a time."""

FLUSH_SECONDS = 0.05
"""No result of a batch waits longer for its mates."""

DURATIONS_KEPT = 64


class Line:
    """Up to `concurrency` slots of an engine, and what waits for one of them."""

    def __init__(self, engine: Engine, hosts: HostPool) -> None:
        self.engine = engine
        self.slots: list[Slot] = []
        self._hosts = hosts
        self._waiting: deque[Run] = deque()
        self._durations: deque[float] = deque(maxlen=DURATIONS_KEPT)

    @property
    def unfinished(self) -> int:
        """How many attempts have not ended yet."""
        return len(self._waiting) + sum(slot.unfinished for slot in self.slots)

    @property
    def batch_size(self) -> int:
        """How many tasks a slot takes at once, by how long they lately took."""
        if self.engine.most_held == 1 or not self._durations:
            return 1
        seconds = AHEAD_SECONDS if self.engine.batch == 1 else BATCH_SECONDS
        fitting = seconds / max(statistics.median(self._durations), 1e-6)
        return int(max(1, min(self.engine.most_held, fitting)))

    @property
    def room(self) -> int:
        """How many attempts may be claimed now: none to wait behind a slow one.

        A batch is filled up when half of it is done, so that its host does not wait for us.
        """
        size = self.batch_size
        unused = self.engine.concurrency - len(self.slots)
        room = unused * size + sum(slot.room(size) for slot in self.slots) - len(self._waiting)
        return room if room >= max(1, size // 2) else 0

    def add(self, run: Run) -> None:
        """A fresh claim."""
        self._waiting.append(run)

    def advance(self) -> None:
        """Listen to the hosts; hand out what is staged."""
        for slot in self.slots:
            slot.advance()
        if self._waiting:
            self.assign()

    def assign(self) -> None:
        """Hand staged attempts to slots, the least loaded first; new ones while there is room."""
        given: dict[int, tuple[Slot, list[tuple[Run, dict[str, Any]]]]] = {}
        for run in list(self._waiting):
            document = run.document()
            if run.result is not None:
                self._waiting.remove(run)
            if document is None:
                continue
            slot = self._slot_for(run, {key: len(runs) for key, (_, runs) in given.items()})
            if slot is None:
                break
            self._waiting.remove(run)
            given.setdefault(id(slot), (slot, []))[1].append((run, document))
        for slot, runs in given.values():
            slot.give(runs)

    def slot_of(self, run: Run) -> Slot | None:
        """Where it runs or waits for its turn, if it has come so far."""
        return next((slot for slot in self.slots if run in slot.runs), None)

    def due(self, finished: list[Run]) -> list[Run]:
        """Of attempts of this engine that have ended, those that wait for their mates no longer."""
        if self.engine.batch == 1 or not self.unfinished:
            return finished
        oldest = min(run.finished_at for run in finished)
        late = time.monotonic() - oldest >= FLUSH_SECONDS
        return finished if late or len(finished) >= self.engine.batch else []

    def release(self, run: Run) -> None:
        """An attempt is let go; a slot without one is given up."""
        if run in self._waiting:
            self._waiting.remove(run)
        if run.started_at is not None and run.stop is None:
            self._durations.append(run.finished_at - run.started_at)
        slot = self.slot_of(run)
        if slot is None:
            return
        slot.release(run)
        if not slot.runs:
            self.slots.remove(slot)
            slot.close(reusable=run.result is not None)

    def _slot_for(self, run: Run, given: dict[int, int]) -> Slot | None:
        if len(self.slots) < self.engine.concurrency:
            slot = Slot(self._hosts.take(self.engine, run.claim), self._hosts)
            slot.alone = run.alone
            self.slots.append(slot)
            return slot
        if run.alone or self.engine.most_held == 1:
            return None
        most = max(self.engine.batch, self.batch_size)

        def load(slot: Slot) -> int:
            return slot.unfinished + given.get(id(slot), 0)

        usable = [slot for slot in self.slots if slot.open and load(slot) < most]
        return min(usable, key=load, default=None)

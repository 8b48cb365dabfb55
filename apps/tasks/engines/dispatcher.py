"""The dispatcher: the one thread of a worker that claims tasks, feeds hosts and reports."""

from __future__ import annotations

import logging
import os
import random
import selectors
import threading
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from uuid_utils.compat import uuid4

from apps.tasks import bell, claims
from apps.tasks.engines.hands import Hands, hand_back
from apps.tasks.engines.reports import DATABASE_AWAY
from apps.tasks.sweep import ready_due_retries, sweep
from apps.workers import transitions as workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.tasks.engines.definition import Engine
    from apps.workers.models import Worker

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
KILL_SECONDS = 2.0
LAST_SECONDS = 5.0


class Every:
    """Says when a duty is due again; jitter keeps many workers from acting at once."""

    def __init__(self, seconds: float, jitter: float = 0.0) -> None:
        self._seconds = seconds
        self._jitter = jitter
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time; the next time counts from now."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds + random.uniform(0, self._jitter)  # noqa: S311
        return True


class Dispatcher:
    """Runs the tasks of some engines on this machine.

    Call `run` on a thread that lives as long as the process (hosts die with it); `hear` and
    `stop` may be called from any thread. Whatever the broker does, the database is asked for
    work every few seconds. Once stopped, what runs has `grace` seconds to finish.
    """

    def __init__(self, engines: Mapping[str, Engine], name: str, node: str, grace: float) -> None:
        self._engines = dict(engines)
        self._name = name
        self._node = node
        self._grace = grace
        self._lease = float(settings.CONSOLE_LEASE_SECONDS)
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = os.pipe()
        for descriptor in (self._wake_in, self._wake_out):
            os.set_blocking(descriptor, False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._hands = Hands(self._selector, self._wake)
        self._hungry: set[str] = set(self._engines)
        self._rung: set[str] = set()
        self._rung_lock = threading.Lock()
        self._stopping_at: float | None = None
        self._worker: Worker | None = None
        self._renew = Every(self._lease / 3)
        self._look = Every(1.0)
        self._retries = Every(1.0, jitter=0.5)
        self._poll = Every(2.0, jitter=3.0)
        self._sweep = Every(SWEEP_SECONDS, jitter=2.0)
        self._keep_logs = Every(0.5)

    def hear(self, engine_id: str) -> None:
        """A bell: this engine has ready work."""
        if engine_id in self._engines:
            with self._rung_lock:
                self._rung.add(engine_id)
            self._wake()

    def stop(self) -> None:
        """Claim nothing more, finish or hand back what runs, leave."""
        if self._stopping_at is None:
            self._stopping_at = time.monotonic()
            self._wake()

    def run(self) -> None:
        """Until stopped: wait for pipes, bells and the clock, and do what is due."""
        bell.listen(self.hear)
        try:
            while not self._done():
                self._wait()
                try:
                    self._step()
                except DATABASE_AWAY as error:
                    logger.warning("database_away", extra={"cause": str(error)})
                    connection.close()
                    self._selector.select(1.0)
        finally:
            bell.unlisten(self.hear)
            self._leave()

    def _done(self) -> bool:
        if self._stopping_at is None:
            return False
        late = time.monotonic() - self._stopping_at > self._grace + LAST_SECONDS
        return late or not self._hands

    def _wake(self) -> None:
        try:
            os.write(self._wake_out, b"!")
        except BlockingIOError:
            return

    def _wait(self) -> None:
        for key, _ in self._selector.select(0.05 if self._hands else 0.5):
            if key.fd == self._wake_in:
                os.read(self._wake_in, 4096)
        with self._rung_lock:
            self._hungry |= self._rung
            self._rung.clear()

    def _step(self) -> None:
        worker = self._keep_lease()
        self._hands.listen()
        ready, freed = self._hands.report()
        self._hungry |= freed
        self._spread(ready)
        if self._look.due():
            self._hands.compare(worker.id)
        if self._keep_logs.due():
            self._hands.store_logs()
        if self._stopping_at is None:
            self._find_work(worker)
        elif time.monotonic() - self._stopping_at > self._grace:
            self._hands.stop_all(KILL_SECONDS)

    def _keep_lease(self) -> Worker:
        """Register or renew; when declared offline meanwhile, let everything go and begin anew."""
        if self._worker is not None and self._renew.due():
            if workers.renew(self._worker.id, self._lease):
                return self._worker
            logger.warning("worker_declared_offline", extra={"worker": self._name})
            self._worker = None
            self._hands.abandon()
        if self._worker is None:
            slots = {engine_id: engine.concurrency for engine_id, engine in self._engines.items()}
            self._worker = workers.register(
                name=self._name,
                node=self._node,
                boot_id=uuid4(),
                pid=os.getpid(),
                engines={engine_id: {"slots": number} for engine_id, number in slots.items()},
                slots=sum(slots.values()),
                lease_seconds=self._lease,
            )
            self._renew.due()
        return self._worker

    def _find_work(self, worker: Worker) -> None:
        if self._sweep.due() and workers.take_tick("sweep", SWEEP_SECONDS):
            self._spread(dict.fromkeys(sweep(), 1))
        if self._retries.due():
            self._spread(dict.fromkeys(ready_due_retries(), 1))
        if self._poll.due():
            self._hungry |= set(self._engines)
        hungry = list(self._hungry)
        random.shuffle(hungry)
        for engine_id in hungry:
            free = self._free(engine_id)
            if free > 0:
                self._claim(worker, engine_id, free)

    def _claim(self, worker: Worker, engine_id: str, free: int) -> None:
        claimed = claims.claim(worker.id, engine_id, free)
        if len(claimed) < free:
            self._hungry.discard(engine_id)
        elif settings.REDIS_URL:
            # There may be more than we can take: let another worker know before we begin.
            bell.ring([engine_id])
        if claimed:
            self._hands.start(claimed, self._engines[engine_id])

    def _free(self, engine_id: str) -> int:
        return self._engines[engine_id].concurrency - self._hands.of_engine(engine_id)

    def _spread(self, ready: Mapping[str, int]) -> None:
        """New ready work: ours if we serve it; ring for what we do not, or not alone."""
        self._hungry |= ready.keys() & self._engines.keys()
        others = [
            engine_id
            for engine_id, number in ready.items()
            if engine_id not in self._engines
            or (settings.REDIS_URL and number > self._free(engine_id))
        ]
        if others:
            bell.ring(others)

    def _leave(self) -> None:
        """Hosts end, whatever is still held is handed back, the worker row says so."""
        left = self._hands.close()
        try:
            bell.ring(hand_back(left))
            if self._worker is not None:
                workers.stop(self._worker.id)
        except DATABASE_AWAY as error:
            logger.warning("left_without_word", extra={"cause": str(error)})
        finally:
            connection.close()

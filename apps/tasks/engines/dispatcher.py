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

from apps.tasks import autopsy, bell, claims, reservations
from apps.tasks.engines.hands import Hands, hand_back
from apps.tasks.engines.presence import Every, Presence
from apps.tasks.engines.published import PublishedHosts
from apps.tasks.engines.reports import DATABASE_AWAY
from apps.tasks.sweep import ready_due_retries, sweep
from apps.tenants import sql
from apps.tenants.audit import SYSTEM
from apps.tenants.crash import point
from apps.workers import transitions as workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.tasks.claims import Claim
    from apps.tasks.engines.definition import Engine
    from apps.workers.models import Worker

logger = logging.getLogger(__name__)

KILL_SECONDS = 2.0
LAST_SECONDS = 5.0
DATABASE_PAUSE_SECONDS = 0.5


class Dispatcher:
    """Runs the tasks of some engines on this machine.

    Call `run` on a thread that lives as long as the process (hosts die with it); `hear` and
    `stop` may be called from any thread. Whatever the broker does, the database is asked for
    work every few seconds. Once stopped, what runs has `grace` seconds to finish. `stuck` says,
    after `run` has returned, that this process no longer consumes its queue and should be
    started anew.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        name: str,
        node: str,
        grace: float,
        send_canary: Callable[[], bool] | None = None,
    ) -> None:
        self._engines = dict(engines)
        self._grace = grace
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = os.pipe()
        for descriptor in (self._wake_in, self._wake_out):
            os.set_blocking(descriptor, False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._hands = Hands(self._engines, self._selector, self._wake)
        self._presence = Presence(self._engines, name, node, send_canary)
        self._published = PublishedHosts(node)
        self._reserving = {name for name, engine in engines.items() if engine.reserves}
        self._bells = bell.Bells()
        self._hungry: set[str] = set(self._engines)
        self._rung: set[str] = set()
        self._rung_lock = threading.Lock()
        self._stopping_at: float | None = None
        self._away_until = 0.0
        self._peers = 1
        self._look = Every(1.0)
        self._retries = Every(1.0, jitter=0.5)
        self._poll = Every(2.0, jitter=3.0)
        self._sweep = Every(settings.CONSOLE_SWEEP_SECONDS, settings.CONSOLE_SWEEP_SECONDS / 2)
        self._keep_logs = Every(0.5)
        self.stuck = False

    def hear(self, engine_id: str) -> None:
        """A bell: this engine has ready work."""
        if engine_id in self._engines:
            with self._rung_lock:
                self._rung.add(engine_id)
            self._wake()

    def canary_came_back(self) -> None:
        """What we sent to ourselves has arrived: this process consumes."""
        self._presence.canary.came_back()

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
                self._hands.listen()
                if time.monotonic() >= self._away_until:
                    self._talk()
        finally:
            bell.unlisten(self.hear)
            self._leave()

    def _talk(self) -> None:
        """All that needs the database; what cannot be said now is kept and said later."""
        try:
            sql.steady_plans()
            self._step()
        except DATABASE_AWAY as error:
            logger.warning("database_away", extra={"cause": str(error)})
            connection.close()
            self._away_until = time.monotonic() + DATABASE_PAUSE_SECONDS
            if self._presence.silent:
                self._hands.stop_silent()

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
        for key, _ in self._selector.select(self._hands.wait_seconds()):
            if key.fd == self._wake_in:
                os.read(self._wake_in, 4096)
        with self._rung_lock:
            self._hungry |= self._rung
            self._rung.clear()

    def _step(self) -> None:
        if not self._presence.keep(busy=self._full, stale=self._hands.stale):
            # What had ended by then is told: it counts, or is refused as too late.
            self._hands.report(lambda _: None)
            self._hands.abandon()
            return
        worker = self._presence.worker
        assert worker is not None  # noqa: S101
        self._report(worker)
        if self._look.due():
            self._look_around(worker)
        if self._keep_logs.due():
            self._hands.store_logs()
        if self._stopping_at is None:
            self._find_work(worker)
        elif time.monotonic() - self._stopping_at > self._grace:
            point("hand_back.before")
            self._hands.stop_all(KILL_SECONDS)
        self._bells.ring_due()

    @property
    def _full(self) -> bool:
        return not any(self._hands.room(engine_id) for engine_id in self._engines)

    def _look_around(self, worker: Worker) -> None:
        """Once a second: what was cancelled, whether to drain, how many share the work."""
        self._spread(self._hands.compare(worker.id))
        self._published.keep(worker.id, self._hands.hosts)
        if idle := self._hands.pool.idle_cards:
            self._hands.pool.clear(reservations.cleared(worker, idle))
        while self._hands.dead:
            autopsy.keep(self._hands.dead.pop())
        if self._presence.look() and not self._presence.draining:
            self._hungry |= set(self._engines)
        self._peers = max(1, workers.online_count())
        if self._hands.unkillable and not self._presence.draining:
            logger.error("host_cannot_be_killed", extra={"worker": worker.name})
            workers.drain(worker.id, SYSTEM)
        if self._presence.canary.stuck:
            logger.error("worker_consumes_nothing", extra={"worker": worker.name})
            self.stuck = True
            self.stop()

    def _find_work(self, worker: Worker) -> None:
        if self._sweep.due() and workers.take_tick("sweep", settings.CONSOLE_SWEEP_SECONDS):
            self._spread(dict.fromkeys(sweep(), 1))
        if self._retries.due():
            self._spread(dict.fromkeys(ready_due_retries(), 1))
        if self._poll.due():
            self._hungry |= set(self._engines)
        if self._presence.declines:
            return
        hungry = list(self._hungry)
        random.shuffle(hungry)
        for engine_id in hungry:
            room = self._hands.room(engine_id)
            if room > 0:
                self._claim(worker, engine_id, room)

    def _report(self, worker: Worker) -> None:
        """Settle, and claim what takes the place of what has ended in the same transaction."""

        limit = 0

        def take(engine_id: str) -> sql.Statement | None:
            nonlocal limit
            room = self._hands.room(engine_id)
            if room == 0 or self._stopping_at is not None or self._presence.declines:
                return None
            if self._engines[engine_id].reserves:
                return None
            limit = self._share(engine_id, room)
            return claims.first_statement(worker.id, engine_id, limit)

        reported = self._hands.report(take)
        if reported.freed:
            point("settle.after_commit")
        self._presence.note(finished=bool(reported.freed))
        self._hungry |= reported.freed
        if reported.freed & self._reserving:
            self._hungry |= self._reserving
        if limit:
            self._begin(reported.engine_id, reported.claimed, limit)
        self._spread(reported.ready)

    def _claim(self, worker: Worker, engine_id: str, room: int) -> None:
        engine = self._engines[engine_id]
        limit = self._share(engine_id, room)
        point("claim.before")
        if engine.reserves:
            warm = self._hands.pool.warm(engine_id)
            claimed = reservations.claim(worker, engine, limit, warm)
        else:
            claimed = claims.claim(worker.id, engine_id, limit)
        if len(claimed) < limit:
            self._hungry.discard(engine_id)
        self._begin(engine_id, claimed, limit)

    def _begin(self, engine_id: str, claimed: list[Claim], limit: int) -> None:
        if claimed and len(claimed) == limit and settings.REDIS_URL:
            # There may be more than we can take: let another worker know before we begin.
            self._bells.ring(engine_id)
        if claimed:
            point("claim.after_commit")
            self._presence.note(claimed=True)
            self._hands.start(claimed, engine_id)

    def _share(self, engine_id: str, room: int) -> int:
        """What we may take of the work that is there, so that others are not left without."""
        engine = self._engines[engine_id]
        if engine.batch == 1 or room <= engine.concurrency:
            return room
        ready = claims.ready_count(engine_id, room * self._peers)
        return max(engine.concurrency, min(room, -(-ready // self._peers)))

    def _spread(self, ready: Mapping[str, int]) -> None:
        """New ready work: ours if we serve it; ring for what we do not, or not alone."""
        self._hungry |= ready.keys() & self._engines.keys()
        for engine_id, number in ready.items():
            ours = engine_id in self._engines and not self._presence.draining
            if not ours or (settings.REDIS_URL and number > self._hands.room(engine_id)):
                self._bells.ring(engine_id)

    def _leave(self) -> None:
        """Hosts end, whatever is still held is handed back, the worker row says so."""
        left = self._hands.close()
        try:
            bell.ring(hand_back(left))
            self._presence.leave()
        except DATABASE_AWAY as error:
            logger.warning("left_without_word", extra={"cause": str(error)})
        finally:
            connection.close()

"""The attempts in a worker's hands: started, listened to, reported, let go."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.files.storage import default_storage

from apps.tasks.autopsy import is_wanted
from apps.tasks.claims import claims_of
from apps.tasks.engines.hosts import HostPool
from apps.tasks.engines.line import FLUSH_SECONDS, Line
from apps.tasks.engines.reports import kept, settle_reports
from apps.tasks.engines.running import Run
from apps.tasks.engines.staging import Stage
from apps.tasks.models import Attempt, Task
from apps.tasks.settle import Outcome, Report, settle
from apps.tasks.status import TaskStatus
from apps.tenants import hints
from apps.tenants.clock import database_now
from apps.tenants.crash import point

if TYPE_CHECKING:
    import selectors
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from apps.tasks.claims import Claim
    from apps.tasks.engines.definition import Engine
    from apps.tasks.engines.process import EngineHost
    from apps.tasks.engines.slots import Slot
    from apps.tasks.engines.staging import Document
    from apps.tenants import sql

logger = logging.getLogger(__name__)

START_SHOWS_AFTER_SECONDS = 0.05
"""An attempt that ends sooner tells its start and its end in one event."""


@dataclass
class Reported:
    """What a report brought: engines with new ready work, engines with free slots, and claims of
    one engine.
    """

    ready: dict[str, int] = field(default_factory=dict)
    freed: set[str] = field(default_factory=set)
    claimed: list[Claim] = field(default_factory=list)
    engine_id: str = ""


class Hands:
    """Every attempt this worker has claimed and not yet let go."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        selector: selectors.BaseSelector,
        wake: Callable[[], None],
    ) -> None:
        self.pool = HostPool(selector)
        self._stage = Stage()
        self._wake = wake
        self._runs: dict[tuple[UUID, int], Run] = {}
        self._lines = {engine_id: Line(engine, self.pool) for engine_id, engine in engines.items()}
        self.stale = 0
        self.dead: list[Report] = []

    def __len__(self) -> int:
        return len(self._runs)

    def room(self, engine_id: str) -> int:
        """How many tasks of this engine may be claimed now."""
        return self._lines[engine_id].room

    @property
    def sending(self) -> bool:
        """Whether a document still waits for its host to read it."""
        return any(slot.sending for slot in self._slots())

    @property
    def unkillable(self) -> bool:
        """Whether a host outlived SIGKILL."""
        return any(slot.unkillable for slot in self._slots())

    def hosts(self) -> list[tuple[EngineHost, Run | None]]:
        """Every host there is, with the attempt that it runs now."""
        running = {slot.host: slot.current for slot in self._slots()}
        return [(host, running.get(host)) for host in self.pool]

    def start(self, claimed: Sequence[Claim], engine_id: str) -> None:
        """Stage freshly claimed tasks; each goes to a host as soon as its files are there.

        Where the database goes away before all is read, none of them is in hand: see `compare`.
        """
        line = self._lines[engine_id]
        documents = self._stage.documents(claimed)
        missing = {task_id: document.resolve() for task_id, document in documents.items()}
        for claim in claimed:
            run = Run(claim, line.engine, self._stage.folder(claim))
            self._runs[run.place] = run
            line.add(run)
            self._bring(run, documents[claim.task_id], missing[claim.task_id])
        line.assign()

    def _bring(self, run: Run, document: Document, missing: str | None) -> None:
        if missing is not None:
            run.fail(missing, final=True, error_code="bad_input")
            return
        try:
            run.staged = self._stage.bring(document, run.folder, as_links=run.engine.kind == "http")
        except OSError as error:
            run.fail(f"Its folder cannot be prepared: {error}")
            return
        if not isinstance(run.staged, dict):
            run.staged.add_done_callback(lambda _: self._wake())

    def listen(self) -> None:
        """Take what hosts say, keep deadlines, notice who died, hand out what is staged."""
        for line in self._lines.values():
            line.advance()
        self.pool.collect_idle()

    def report(self, take: Callable[[str], sql.Statement | None]) -> Reported:
        """Settle what has ended and what has been running for a moment.

        `take` gives the claim that is to follow in the same transaction, for an engine of which
        something has ended.
        """
        started = self._begun()
        finished = [run for run in self._due() if kept(run, self._stage, self._wake)]
        reported = Reported()
        if not finished and not started:
            return reported
        if finished:
            point("report.before")
        self.store_logs(finished)
        engine_id = finished[0].engine.engine_id if finished else ""
        settled = settle_reports(
            [run.started_report() for run in started]
            + [run.result for run in finished if run.result],
            take(engine_id) if finished else None,
        )
        for run in started:
            run.recorded = True
        self._drop_stale([report.place for report in settled.stale])
        self.dead += [run.result for run in finished if run.result and is_wanted(run.result)]
        for run in finished:
            self._release(run)
        reported.ready = settled.ready
        reported.freed = {run.engine.engine_id for run in finished}
        reported.claimed = claims_of(settled.then)
        reported.engine_id = engine_id
        return reported

    def _begun(self) -> list[Run]:
        """What has been running long enough to be told of before it ends."""
        since = time.monotonic() - START_SHOWS_AFTER_SECONDS
        return [
            run
            for run in self._runs.values()
            if not run.recorded and run.result is None and run.claimed_at < since
        ]

    def wait_seconds(self) -> float:
        """How long nothing is due here, at most."""
        if self.sending:
            return 0.002
        return FLUSH_SECONDS if self._runs else 0.5

    def store_logs(self, runs: Iterable[Run] | None = None) -> None:
        """Write log lines that have come since."""
        for run in self._runs.values() if runs is None else runs:
            if run.log.waiting:
                run.log.store()

    def compare(self, worker_id: UUID) -> Mapping[str, int]:
        """Stop what was cancelled, let go what is no longer ours, tell progress; and hand back
        what we hold by a claim whose answer was lost. Returns what is ready again.
        """
        held: dict[tuple[UUID, int], Any] = {}
        unheard: list[Report] = []
        for task_id, job_id, attempt, asked in Task.objects.filter(
            worker_id=worker_id, status=TaskStatus.RUNNING
        ).values_list("id", "job_id", "attempt", "cancel_requested_at"):
            held[task_id, attempt] = asked
            if (task_id, attempt) not in self._runs:
                why = "Its worker did not hear of it."
                unheard.append(Report(task_id, job_id, attempt, Outcome.RELEASED, error=why))
        self._drop_stale(self._runs.keys() - held.keys())
        for run in self._runs.values():
            if held[run.place] is not None:
                if self._stop(run, Outcome.CANCELLED):
                    _note_signal(run)
            elif run.progress_changed:
                run.progress_changed = False
                Task.objects.filter(
                    id=run.claim.task_id, attempt=run.claim.attempt, status=TaskStatus.RUNNING
                ).update(progress=run.progress)
                hints.progressed(run.claim.job_id, run.claim.task_id, run.progress or 0.0)
        return hand_back(unheard)

    def stop_all(self, grace: float) -> None:
        """Stop every attempt, to be handed back."""
        for run in list(self._runs.values()):
            self._stop(run, Outcome.RELEASED, "Its worker stopped.", grace)

    def stop_silent(self) -> None:
        """The database has been away for long: kill what must not run where nobody can see it."""
        for run in list(self._runs.values()):
            if run.engine.on_silence == "stop":
                self._stop(run, Outcome.RELEASED, "Its worker could not renew its lease.", 0.0)

    def abandon(self) -> None:
        """They are somebody else's now: stop them, report nothing."""
        for run in list(self._runs.values()):
            self._drop(run)

    def close(self) -> list[Report]:
        """End all hosts; what is to be said of attempts that were still held."""
        left = [run.result or run.released_report() for run in self._runs.values()]
        self.abandon()
        self.pool.close()
        self._stage.close()
        return left

    def _slots(self) -> Iterator[Slot]:
        for line in self._lines.values():
            yield from line.slots

    def _due(self) -> list[Run]:
        """What has ended and need not wait for its mates any longer."""
        finished: dict[str, list[Run]] = {}
        for run in self._runs.values():
            if run.result is not None:
                finished.setdefault(run.engine.engine_id, []).append(run)
        return [run for name, runs in finished.items() for run in self._lines[name].due(runs)]

    def _stop(
        self, run: Run, outcome: Outcome, error: str = "", grace: float | None = None
    ) -> bool:
        """Whether it was told now; one that has not gone to a host just ends."""
        if run.stop is not None or run.result is not None:
            return False
        slot = self._slot_of(run)
        if slot is not None:
            slot.stop(run, outcome, error, grace)
        else:
            run.request_stop(outcome, error, 0.0)
            run.signalled_at = time.monotonic()
            run.finish(outcome, error=error)
        return True

    def _slot_of(self, run: Run) -> Slot | None:
        return self._lines[run.engine.engine_id].slot_of(run)

    def _drop_stale(self, places: Iterable[tuple[UUID, int]]) -> None:
        for place in list(places):
            run = self._runs.get(place)
            if run is not None:
                self.stale += 1
                logger.warning("late_report", extra={"task_id": str(run.claim.task_id)})
                self._drop(run)

    def _drop(self, run: Run) -> None:
        """Let go of it, with its host if it has begun there."""
        slot = self._slot_of(run)
        if run.result is not None:
            for left in run.result.files:
                default_storage.delete(left.path)
        elif slot is not None:
            slot.stop(run, Outcome.RELEASED, "It is another worker's.", 0.0)
            slot.end_host(0.0)
        self._release(run)

    def _release(self, run: Run) -> None:
        if self._runs.pop(run.place, None) is not None:
            self._lines[run.engine.engine_id].release(run)
            run.clean()


def _note_signal(run: Run) -> None:
    """The receipt of a cancel: the signal is sent."""
    Attempt.objects.filter(
        task_id=run.claim.task_id, number=run.claim.attempt, signalled_at=None
    ).update(signalled_at=database_now())


def hand_back(reports: list[Report]) -> Mapping[str, int]:
    """Settle reports of a worker that leaves; the engines that have ready work again."""
    return settle(reports).ready if reports else {}

"""The attempts in a worker's hands: started, listened to, reported, let go."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage

from apps.tasks.engines.hosts import HostPool
from apps.tasks.engines.reports import kept, settle_reports
from apps.tasks.engines.running import Run
from apps.tasks.engines.staging import Stage
from apps.tasks.models import Task
from apps.tasks.settle import Outcome, Report, settle
from apps.tasks.status import TaskStatus

if TYPE_CHECKING:
    import selectors
    from collections.abc import Callable, Iterable, Mapping
    from uuid import UUID

    from apps.tasks.claims import Claim
    from apps.tasks.engines.definition import Engine

logger = logging.getLogger(__name__)

START_SHOWS_AFTER_SECONDS = 0.05
"""An attempt that ends sooner tells its start and its end in one event."""


class Hands:
    """Every attempt this worker has claimed and not yet let go."""

    def __init__(self, selector: selectors.BaseSelector, wake: Callable[[], None]) -> None:
        self._hosts = HostPool(selector)
        self._stage = Stage()
        self._wake = wake
        self._runs: list[Run] = []

    def __len__(self) -> int:
        return len(self._runs)

    def of_engine(self, engine_id: str) -> int:
        """How many slots of this engine are taken."""
        return sum(1 for run in self._runs if run.engine.engine_id == engine_id)

    def start(self, claimed: Iterable[Claim], engine: Engine) -> None:
        """Stage freshly claimed tasks; each goes to a host as soon as its files are there."""
        runs = [Run(claim, engine, self._stage.folder(claim)) for claim in claimed]
        self._runs += runs
        documents = self._stage.documents([run.claim for run in runs])
        for run in runs:
            document = documents[run.claim.task_id]
            missing = document.resolve()
            if missing is not None:
                run.fail(missing, final=True, error_code="bad_input")
                continue
            links = engine.kind == "http"
            run.staged = self._stage.bring(document, run.folder, as_links=links)
            run.staged.add_done_callback(lambda _: self._wake())

    def listen(self) -> None:
        """Take what hosts say, keep deadlines, notice who died."""
        for run in self._runs:
            if run.result is None:
                run.advance(self._hosts)
        self._hosts.collect_idle()

    def report(self) -> tuple[dict[str, int], set[str]]:
        """Settle what has ended and what has been running for a moment.

        Returns the engines with new ready work, and the engines whose slots became free.
        """
        finished = [run for run in self._runs if run.result and kept(run, self._stage, self._wake)]
        now = time.monotonic()
        started = [
            run
            for run in self._runs
            if not run.recorded
            and run.result is None
            and now - run.claimed_at > START_SHOWS_AFTER_SECONDS
        ]
        if not finished and not started:
            return {}, set()
        self.store_logs(finished)
        settled = settle_reports(
            [run.started_report() for run in started]
            + [run.result for run in finished if run.result]
        )
        for run in started:
            run.recorded = True
        self._drop_stale({(report.task_id, report.attempt) for report in settled.stale})
        for run in finished:
            self._release(run)
        return settled.ready, {run.engine.engine_id for run in finished}

    def store_logs(self, runs: Iterable[Run] | None = None) -> None:
        """Write log lines that have come since."""
        for run in self._runs if runs is None else runs:
            if run.log.waiting:
                run.log.store()

    def compare(self, worker_id: UUID) -> None:
        """Stop what was cancelled, let go what is no longer ours, tell progress."""
        if not self._runs:
            return
        held = {
            (task_id, attempt): asked
            for task_id, attempt, asked in Task.objects.filter(
                worker_id=worker_id, status=TaskStatus.RUNNING
            ).values_list("id", "attempt", "cancel_requested_at")
        }
        self._drop_stale({run.place for run in self._runs} - held.keys())
        for run in self._runs:
            if held[run.place] is not None:
                run.begin_stop(Outcome.CANCELLED)
            elif run.progress_changed:
                run.progress_changed = False
                Task.objects.filter(
                    id=run.claim.task_id, attempt=run.claim.attempt, status=TaskStatus.RUNNING
                ).update(progress=run.progress)

    def stop_all(self, grace: float) -> None:
        """Stop every attempt, to be handed back."""
        for run in self._runs:
            run.begin_stop(Outcome.RELEASED, "Its worker stopped.", grace=grace)

    def abandon(self) -> None:
        """They are somebody else's now: stop them, report nothing."""
        for run in list(self._runs):
            self._drop(run)

    def close(self) -> list[Report]:
        """End all hosts; what is to be said of attempts that were still held."""
        left = [run.released_report() for run in self._runs]
        self.abandon()
        self._hosts.close()
        self._stage.close()
        return left

    def _drop_stale(self, places: Iterable[tuple[UUID, int]]) -> None:
        gone = set(places)
        for run in [run for run in self._runs if run.place in gone]:
            logger.warning("late_report", extra={"task_id": str(run.claim.task_id)})
            self._drop(run)

    def _drop(self, run: Run) -> None:
        self._runs.remove(run)
        if run.host is not None:
            self._hosts.discard(run.host)
        if run.result is not None:
            for left in run.result.files:
                default_storage.delete(left.path)
        run.clean()

    def _release(self, run: Run) -> None:
        if run not in self._runs:
            return
        self._runs.remove(run)
        if run.host is not None:
            self._hosts.give_back(run.host, reusable=run.stop is None)
        run.clean()


def hand_back(reports: list[Report]) -> Mapping[str, int]:
    """Settle reports of a worker that leaves; the engines that have ready work again."""
    return settle(reports).ready if reports else {}

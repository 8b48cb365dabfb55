"""Settlements: what workers report becomes true, or is refused, in one transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.jobs.models import StoredFile
from apps.jobs.status import TERMINAL
from apps.jobs.transitions import Change, changes_of, lock_statement, write_all
from apps.tasks import held as rows
from apps.tasks import transitions, usage
from apps.tasks.models import Attempt, Task, TaskFile
from apps.tasks.release import Doomed, release
from apps.tasks.status import TaskStatus
from apps.tasks.verdicts import RESULTS, VERDICTS, LeftFile, Outcome, Report
from apps.tenants import sql
from apps.tenants.crash import point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from apps.tasks.held import Held, Move, Place
Decided = tuple[Change, Report, "Move"]
__all__ = ["LeftFile", "Outcome", "Report", "Settled", "settle"]


@dataclass
class Settled:
    """What a settlement did: engines with new ready work, and reports that came too late."""

    ready: dict[str, int] = field(default_factory=dict)
    stale: list[Report] = field(default_factory=list)
    then: list[sql.Row] = field(default_factory=list)

    def add_ready(self, readied: Iterable[tuple[UUID, str]]) -> None:
        for _, engine_id in readied:
            self.ready[engine_id] = self.ready.get(engine_id, 0) + 1


def settle(reports: Sequence[Report], then: sql.Statement | None = None) -> Settled:
    """Settle what workers report, in one transaction with one event per job.

    Lock the jobs; see which reports still hold their task, and what waits for it; decide; then
    move the tasks under their fence, release dependents, end the jobs that are done, and write
    attempts, jobs and events, all together. Times are the database's. `then` runs at the end of
    the same transaction, and may take what has just become ready.
    """
    with transaction.atomic():
        return _Settlement(reports).run(then)


class _Settlement:
    """One transaction's work."""

    def __init__(self, reports: Sequence[Report]) -> None:
        self._reports = reports
        self._began = 0.0
        self._settled = Settled()
        self._attempts: list[dict[str, Any]] = []
        self._started: list[dict[str, Any]] = []
        self._usage: list[dict[str, Any]] = []
        self._waiting: list[sql.Row] = []
        self._moves: list[sql.Statement] = []

    def run(self, then: sql.Statement | None) -> Settled:
        self._began = time.monotonic()
        reports = self._reports
        locked, found, self._waiting = sql.batch(
            lock_statement(report.job_id for report in reports),
            rows.held_at([report.place for report in reports]),
            rows.dependents(r.task_id for r in reports if r.outcome is not Outcome.STARTED),
        )
        pairs = self._sort_out(changes_of(locked), _held(found))
        for change, _, held in pairs:
            self._note_start(change, held)
        decided = [
            (change, report, VERDICTS[report.outcome](change, report, held))
            for change, report, held in pairs
            if report.outcome is not Outcome.STARTED
        ]
        if decided:
            self._note_ends(decided)
            self._move(decided)
        touched = {change.job.id: change for change, _, _ in pairs}
        for change in touched.values():
            change.end_if_done()
            if change.job.status in TERMINAL:
                self._usage.append(usage.of_job(change))
        rows.refuse(report.place for report in self._settled.stale if report.outcome in RESULTS)
        self._write([change for change in touched.values() if change.happened], then)
        return self._settled

    def _sort_out(
        self, changes: dict[UUID, Change], held: dict[Place, Held]
    ) -> list[tuple[Change, Report, Held]]:
        """The reports that still hold their task; the others are stale."""
        pairs = []
        for report in self._reports:
            change = changes.get(report.job_id)
            started = report.outcome is Outcome.STARTED
            task = held.get(report.place) if started else held.pop(report.place, None)
            if task is None or change is None:
                self._settled.stale.append(report)
            else:
                pairs.append((change, report, task))
        return pairs

    def _note_start(self, change: Change, held: Held) -> None:
        if not held.recorded:
            tell_starts(change, [held])
            self._attempts.append(rows.start_row(held, change))
            self._started.append({"id": sql.uuid_in(held.id), "seq": change.seq})

    def _note_ends(self, decided: list[Decided]) -> None:
        # The attempt of a start that is told in the same breath is written once, with its end.
        attempts = {(row["task_id"], row["number"]): row for row in self._attempts}
        for change, report, move in decided:
            row = _attempt_row(report, move, self._began)
            attempts[row["task_id"], row["number"]] = row
            if move.to is TaskStatus.COMPLETED and report.files:
                _keep_files(change, report)
            self._usage.append(usage.of_task(change, move))
        self._attempts = list(attempts.values())

    def _move(self, decided: list[Decided]) -> None:
        """Move the tasks, and what the ends bring about: dependents become ready, or all is lost.

        At the end with all the rest, unless more has to be read or written in between.
        """
        moves = [move for *_, move in decided]
        ended: dict[UUID, tuple[Change, list[UUID]]] = {}
        doomed: Doomed = {}
        for change, report, move in decided:
            if move.to is TaskStatus.FAILED and move.held.required:
                doomed.setdefault(change.job.id, (change, move.held.key, report.error))
            elif move.to in (TaskStatus.COMPLETED, TaskStatus.FAILED):
                ended.setdefault(change.job.id, (change, []))[1].append(move.held.id)
            elif move.to is TaskStatus.READY:
                self._settled.add_ready([(move.held.id, move.held.engine_id)])
        ends = list(ended.values())
        freed = transitions.foresee(ends, self._waiting)
        self._moves = [rows.move(moves)]
        if freed:
            self._moves.append(transitions.release_statement(ends))
        if doomed or transitions.has_templates(freed):
            sql.batch(*self._moves, *self._records())
            self._moves = []
        self._settled.add_ready(release(ends, doomed, freed))
        for change, key, error in doomed.values():
            doom(change, key, error)

    def _write(self, changes: list[Change], then: sql.Statement | None) -> None:
        statements = self._moves + self._records()
        if self._usage:
            statements.append((rows.USAGE, [sql.rows(self._usage)]))
        if changes:
            statements += write_all(changes)
        point("settle.before_commit")
        if statements or then:
            found = sql.together(*statements, then=then, last=True)
            self._settled.then = found if then else []

    def _records(self) -> list[sql.Statement]:
        """Write starts and ends, each once: what dooms a job must see which starts are told."""
        ended = {row["task_id"] for row in self._attempts if row.get("ended_at")}
        # A task that has ended carries the number of its change already.
        started = [row for row in self._started if row["id"] not in ended]
        written = ((rows.RECORD, self._attempts), (rows.MARK_STARTED, started))
        self._attempts, self._started = [], []
        return [(statement, [sql.rows(values)]) for statement, values in written if values]


def _held(found: list[sql.Row]) -> dict[Place, Held]:
    return rows.by_place(found)


def doom(change: Change, key: str, error: str) -> None:
    """A required task is lost for good: nothing of its job starts any more, what runs stops."""
    change.fail_soon(f"Task {key} failed: {error}")
    stop_tasks(change, TaskStatus.SKIPPED, f"Task {key} failed.")


def stop_tasks(change: Change, unstarted: TaskStatus, reason: str) -> None:
    """Stop everything of a job: see `transitions.stop_all`. Claims under way show as started."""
    transitions.stop_all(change, unstarted, reason)
    running = rows.held_of(change.job.id)
    new = [held for held in running if not held.recorded]
    if new:
        tell_starts(change, new)
        sql.run(rows.RECORD, sql.rows([rows.start_row(held, change) for held in new]))
        ids = [held.id for held in new]
        Task.objects.filter(id__in=ids).update(seq=change.seq)
    transitions.settle_stopped(change, unstarted, reason)
    Attempt.objects.filter(
        task__job_id=change.job.id, ended_at=None, cancel_requested_at=None
    ).update(cancel_requested_at=change.at)


def tell_starts(change: Change, tasks: list[Held]) -> None:
    """Say in the event log that claimed tasks have started."""
    change.begin()
    for held in tasks:
        change.task(
            held.id,
            status=TaskStatus.RUNNING,
            attempt=held.attempt,
            started_at=held.started_at,
            worker=held.worker,
        )
        held.recorded = True
    change.count(TaskStatus.READY, TaskStatus.RUNNING, len(tasks))


# What is written beside the tasks ------------------------------------------------------------


def _attempt_row(report: Report, move: Move, began: float) -> dict[str, Any]:
    stopped = report.signalled is not None or report.gone is not None
    return {
        "task_id": sql.uuid_in(move.held.id),
        "number": move.held.attempt,
        "worker_id": sql.uuid_in(move.held.worker_id),
        "started_at": sql.time_in(move.held.started_at or move.at),
        "ready_at": sql.time_in(move.held.ready_at),
        "ended_at": sql.time_in(move.at),
        "outcome": move.outcome,
        "error": report.error or None,
        "error_code": report.error_code or None,
        "signalled_at": sql.time_in(_at(move.at, began, report.signalled)),
        "gone_at": sql.time_in(_at(move.at, began, report.gone)),
        "freed_at": sql.time_in(move.at) if stopped else None,
    }


def _at(now: datetime, began: float, moment: float | None) -> datetime | None:
    """A moment of our monotonic clock on the database's, which was read after `began`."""
    return None if moment is None else now - timedelta(seconds=max(0.0, began - moment))


def _keep_files(change: Change, report: Report) -> None:
    files = [
        StoredFile(
            id=left.id,
            tenant_id=change.job.tenant_id,
            name=left.name,
            path=left.path,
            size_bytes=left.size_bytes,
            sha256=left.sha256,
            created_at=change.at,
            completed_at=change.at,
        )
        for left in report.files
    ]
    StoredFile.objects.bulk_create(files)
    TaskFile.objects.bulk_create(
        TaskFile(task_id=report.task_id, attempt=report.attempt, file=file) for file in files
    )

"""What every end of a task or a job leaves for the rollups."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from apps.jobs.status import TERMINAL
from apps.tasks import held as rows
from apps.tasks.status import AttemptOutcome
from apps.tenants import sql

if TYPE_CHECKING:
    from datetime import datetime

    from apps.jobs.transitions import Change
    from apps.tasks.held import Move

RETRIED, RETURNED = "retried", "returned"
"""What an attempt ended in when its task goes on: it has to run again, or was handed back."""


def of_task(change: Change, move: Move) -> dict[str, Any]:
    """The end of an attempt, in which its task may have ended."""
    held = move.held
    started = held.started_at or move.at
    return {
        "at": sql.time_in(move.at),
        "tenant_id": sql.uuid_in(change.job.tenant_id),
        "job_id": sql.uuid_in(change.job.id),
        "engine_id": held.engine_id,
        "status": move.to if move.completed_at else _went_on(move),
        "wait_ms": _milliseconds(held.ready_at, started),
        "duration_ms": _milliseconds(started, move.at),
    }


def of_job(change: Change) -> dict[str, Any]:
    """The end of a job, for the rollups."""
    job = change.job
    return {
        "at": sql.time_in(change.at),
        "tenant_id": sql.uuid_in(job.tenant_id),
        "job_id": sql.uuid_in(job.id),
        "engine_id": "",
        "status": job.status,
        "wait_ms": _milliseconds(job.created_at, job.started_at),
        "duration_ms": _milliseconds(job.started_at, change.at),
    }


def note_end(change: Change) -> None:
    """Where a job ended outside of a settlement, leave its delta."""
    if change.job.status in TERMINAL:
        sql.run(rows.USAGE, sql.rows([of_job(change)]))


def _went_on(move: Move) -> str:
    return RETURNED if move.outcome is AttemptOutcome.CANCELLED else RETRIED


def _milliseconds(since: datetime | None, until: datetime | None) -> int | None:
    if since is None or until is None:
        return None
    return max(0, round((until - since) / timedelta(milliseconds=1)))

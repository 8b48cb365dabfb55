"""What workers say of their attempts, and what that makes of the tasks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from apps.tasks import transitions
from apps.tasks.status import AttemptOutcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from apps.jobs.transitions import Change
    from apps.tasks.held import Held, Move, Place

LOSSES_UNTIL_POISON = 3


class Outcome(StrEnum):
    """What a worker says of a claim."""

    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    CANCELLED = "cancelled"
    RELEASED = "released"


RESULTS = frozenset({Outcome.COMPLETED, Outcome.FAILED, Outcome.TIMED_OUT})
"""Words of an engine that came to an end: what is refused when it comes too late."""


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file an attempt left, already in the storage at `path`."""

    id: UUID
    name: str
    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Report:
    """One worker's word on one attempt. `final`: no retry may follow. `counted`: a loss counts.

    `signalled` and `gone` are when it was told to stop and when its process was gone, on the
    reporting machine's `time.monotonic()`.
    """

    task_id: UUID
    job_id: UUID
    attempt: int
    outcome: Outcome
    output: object = None
    output_bytes: int = 0
    error: str = ""
    error_code: str = ""
    final: bool = False
    counted: bool = True
    files: tuple[LeftFile, ...] = ()
    signalled: float | None = None
    gone: float | None = None

    @property
    def place(self) -> Place:
        return self.task_id, self.attempt


def _complete(change: Change, report: Report, held: Held) -> Move:
    if change.stopping:
        return _cancel(change, report, held)
    return transitions.complete(change, held, report.output, report.output_bytes)


def _fail(change: Change, report: Report, held: Held) -> Move:
    if change.stopping:
        return _cancel(change, report, held)
    timed_out = report.outcome is Outcome.TIMED_OUT
    outcome = AttemptOutcome.TIMED_OUT if timed_out else AttemptOutcome.FAILED
    end = transitions.retry_later
    if report.final or held.failures + 1 > held.max_retries:
        end = transitions.fail
    return end(change, held, outcome, report.error, report.error_code)


def _lose(change: Change, report: Report, held: Held) -> Move:
    if change.stopping:
        return _cancel(change, report, held)
    losses = 1 if report.counted else 0
    if losses and held.losses + losses >= LOSSES_UNTIL_POISON:
        return transitions.fail(change, held, AttemptOutcome.LOST, report.error, "poison")
    return transitions.hand_back(change, held, AttemptOutcome.LOST, losses=losses)


def _release(change: Change, report: Report, held: Held) -> Move:
    if change.stopping:
        return _cancel(change, report, held)
    return transitions.hand_back(change, held, AttemptOutcome.CANCELLED)


def _cancel(change: Change, report: Report, held: Held) -> Move:
    if not change.stopping:
        return _release(change, report, held)
    reason = "Cancelled." if change.job.failing_at is None else "The job failed."
    return transitions.cancel_running(change, held, reason)


VERDICTS: dict[Outcome, Callable[[Change, Report, Held], Move]] = {
    Outcome.COMPLETED: _complete,
    Outcome.FAILED: _fail,
    Outcome.TIMED_OUT: _fail,
    Outcome.LOST: _lose,
    Outcome.RELEASED: _release,
    Outcome.CANCELLED: _cancel,
}

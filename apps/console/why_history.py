"""The way of a task as phases, and what kept it while it was ready. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from apps.tasks.status import WaitReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from apps.tasks.waits import Cause

DEPENDENCIES, INSTANCES = "dependencies", "instances"
IN_LINE = "in_line"
RETRY_WAIT = "retry_wait"
RUNNING = "running"
ENDED = "ended"

STRENGTH = (
    WaitReason.TENANT_PAUSED,
    WaitReason.ENGINE_PAUSED,
    WaitReason.NO_WORKER,
    WaitReason.DRAINING,
    WaitReason.TENANT_QUOTA,
    WaitReason.NO_CARD_FREE,
    WaitReason.SLOTS_TAKEN,
)
"""Of several reasons at once the first here is told: without it the others would not matter."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class Phase(NamedTuple):
    """A reason, and from when to when; the last may have no end yet."""

    reason: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Run:
    """An attempt. `then`: what its end led to."""

    ready_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    then: str


@dataclass(frozen=True, slots=True)
class Life:
    """All times that a task has.

    `begun`: when its job was submitted, and each time it was retried. `ready_at` is set when it
    became ready after the last run, `expanded_at` for a template with instances.
    """

    begun: Sequence[datetime]
    runs: Sequence[Run] = ()
    ready_at: datetime | None = None
    expanded_at: datetime | None = None
    ended_at: datetime | None = None


def phases(life: Life) -> list[Phase]:
    """One after another without a gap, from the submission on. What is ready is `in_line`."""
    marks: list[tuple[datetime, str]] = []
    for at, reason in _marks(life):
        # Clocks of two machines may differ by a little: the order of events counts.
        marks.append((max(at, marks[-1][0]) if marks else at, reason))
    ends: list[datetime | None] = [at for at, _ in marks[1:]]
    ends.append(None)
    spans = [Phase(reason, at, end) for (at, reason), end in zip(marks, ends, strict=True)]
    if spans[-1].reason == ENDED:
        spans.pop()
    return _merged(spans)


def _marks(life: Life) -> Iterator[tuple[datetime, str]]:
    """When each phase began, in their order."""
    yield life.begun[0], DEPENDENCIES
    for run, later in zip_longest(life.runs, life.runs[1:]):
        if run.ready_at is not None:
            yield run.ready_at, IN_LINE
        yield run.started_at, RUNNING
        if run.ended_at is None:
            continue
        until = later.started_at if later else life.ended_at or _NEVER
        again = [at for at in life.begun if run.ended_at <= at <= until]
        yield run.ended_at, ENDED if again else run.then
        if again:
            yield again[-1], DEPENDENCIES
    if life.ready_at is not None:
        yield life.ready_at, IN_LINE
    if life.expanded_at is not None:
        yield life.expanded_at, INSTANCES
    if life.ended_at is not None:
        yield life.ended_at, ENDED


def explained(spans: Iterable[Phase], causes: Sequence[Cause], lag: timedelta) -> list[Phase]:
    """These phases, where those in line are cut by what kept the task there."""
    found: list[Phase] = []
    for span in spans:
        found += cut(span, causes, lag) if span.reason == IN_LINE else [span]
    return _merged(found)


def cut(wait: Phase, causes: Iterable[Cause], lag: timedelta) -> list[Phase]:
    """A wait as the strongest cause at each moment, without a gap.

    A cause is seen up to `lag` after it began: time so short that nothing explains, just before,
    is its.
    """
    until = wait.ended_at or _NEVER
    active = [0] * len(STRENGTH)
    found: list[Phase] = []
    at = wait.began_at
    for moment, step, rank in sorted(_steps(wait.began_at, until, causes)):
        if moment > at:
            found.append(Phase(_strongest(active), at, moment))
            at = moment
        active[rank] += step
    if at < until:
        found.append(Phase(IN_LINE, at, until))
    return [
        span._replace(ended_at=wait.ended_at if span.ended_at == until else span.ended_at)
        for span in _merged(_ascribed(_merged(found), lag))
    ]


def _steps(
    since: datetime, until: datetime, causes: Iterable[Cause]
) -> Iterator[tuple[datetime, int, int]]:
    for cause in causes:
        first, last = max(cause.began_at, since), min(cause.ended_at or _NEVER, until)
        if first < last:
            rank = STRENGTH.index(WaitReason(cause.reason))
            yield first, 1, rank
            yield last, -1, rank


def _strongest(active: Sequence[int]) -> str:
    return next((reason for reason, n in zip(STRENGTH, active, strict=True) if n), IN_LINE)


def _ascribed(spans: Sequence[Phase], lag: timedelta) -> Iterator[Phase]:
    for span, later in zip_longest(spans, spans[1:]):
        short = span.ended_at is not None and span.ended_at - span.began_at <= lag
        unexplained = span.reason == IN_LINE and later is not None
        yield span._replace(reason=later.reason) if later and unexplained and short else span


def _merged(spans: Iterable[Phase]) -> list[Phase]:
    """Neighbours of one reason become one; what lasted no time goes."""
    found: list[Phase] = []
    for span in spans:
        if span.began_at == span.ended_at:
            continue
        if found and found[-1].reason == span.reason:
            found[-1] = found[-1]._replace(ended_at=span.ended_at)
        else:
            found.append(span)
    return found

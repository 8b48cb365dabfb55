"""The phases of a task, and waits cut by what kept the task there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.console.why_history import (
    ENDED,
    IN_LINE,
    RETRY_WAIT,
    STRENGTH,
    Life,
    Phase,
    Run,
    cut,
    explained,
    phases,
)
from apps.tasks.status import WaitReason
from apps.tasks.waits import Cause

NO_LAG = timedelta(0)
LAST = 30
SECONDS = st.integers(0, LAST)


def at(second: int) -> datetime:
    return datetime(2026, 1, 31, 8, tzinfo=UTC) + timedelta(seconds=second)


def cause(reason: str, began: int, ended: int | None = None) -> Cause:
    return Cause(reason, at(began), None if ended is None else at(ended))


def told(found: list[Phase]) -> list[tuple[str, int, int | None]]:
    """Each phase with its seconds."""
    return [
        (
            str(phase.reason),
            (phase.began_at - at(0)).seconds,
            None if phase.ended_at is None else (phase.ended_at - at(0)).seconds,
        )
        for phase in found
    ]


def wait(began: int, ended: int | None = None) -> Phase:
    return Phase(IN_LINE, at(began), None if ended is None else at(ended))


# A wait and its causes ---------------------------------------------------------------------------


@st.composite
def causes(draw: st.DrawFn) -> list[Cause]:
    """Any causes at all, one over the other, some that never ended."""
    rows = st.tuples(st.sampled_from(STRENGTH), SECONDS, st.none() | SECONDS)
    return [cause(*row) for row in draw(st.lists(rows, max_size=8))]


@st.composite
def waits(draw: st.DrawFn) -> Phase:
    began = draw(st.integers(0, LAST - 1))
    return wait(began, draw(st.none() | st.integers(began + 1, LAST)))


def strongest(moment: datetime, found: list[Cause]) -> str:
    """What a person would say: look at every cause, and take the first by strength."""
    now = {
        c.reason for c in found if c.began_at <= moment and (not c.ended_at or moment < c.ended_at)
    }
    return next((reason for reason in STRENGTH if reason in now), IN_LINE)


@given(waits(), causes())
def test_every_moment_of_a_wait_has_its_strongest_cause(whole: Phase, found: list[Cause]) -> None:
    parts = cut(whole, found, NO_LAG)
    for part in parts:
        end = part.ended_at or at(2 * LAST)
        for second in range(int((end - part.began_at).total_seconds())):
            moment = part.began_at + timedelta(seconds=second)
            assert part.reason == strongest(moment, found)


@given(waits(), causes(), st.integers(0, 10))
def test_the_parts_of_a_wait_are_the_whole_of_it(
    whole: Phase, found: list[Cause], lag: int
) -> None:
    parts = cut(whole, found, timedelta(seconds=lag))
    assert (parts[0].began_at, parts[-1].ended_at) == (whole.began_at, whole.ended_at)
    for one, later in pairwise(parts):
        assert one.ended_at == later.began_at
        assert one.reason != later.reason
        assert one.began_at < later.began_at


@given(waits(), causes(), st.integers(0, 10))
def test_only_unexplained_time_is_given_to_what_follows(
    whole: Phase, found: list[Cause], lag: int
) -> None:
    parts = cut(whole, found, timedelta(seconds=lag))
    for part, later in pairwise(parts):
        assert part.ended_at is not None
        if part.reason == IN_LINE:
            assert later.reason != IN_LINE
            assert part.ended_at - part.began_at > timedelta(seconds=lag)
    for part in cut(whole, found, NO_LAG):
        if part.reason != IN_LINE:
            assert part.reason == next(p for p in parts if _covers(p, part)).reason


def _covers(outer: Phase, inner: Phase) -> bool:
    end = outer.ended_at or datetime.max.replace(tzinfo=UTC)
    return outer.began_at <= inner.began_at < end


def test_a_wait_without_a_cause_is_in_line() -> None:
    assert told(cut(wait(2, 9), [], NO_LAG)) == [(IN_LINE, 2, 9)]


def test_the_time_until_a_cause_is_seen_is_its() -> None:
    found = [cause(WaitReason.NO_WORKER, 4, 9)]
    parts = told(cut(wait(0, 20), found, timedelta(seconds=5)))
    assert parts == [("no_worker", 0, 9), (IN_LINE, 9, 20)]


def test_only_what_is_in_line_is_cut() -> None:
    whole = [Phase("running", at(0), at(5)), wait(5, 9)]
    found = [cause(WaitReason.ENGINE_PAUSED, 0)]
    assert told(explained(whole, found, NO_LAG)) == [("running", 0, 5), ("engine_paused", 5, 9)]


# The phases of a task ----------------------------------------------------------------------------


def run(ready: int, started: int, ended: int | None, then: str = ENDED) -> Run:
    return Run(at(ready), at(started), None if ended is None else at(ended), then)


def test_a_task_that_waits_for_others_has_one_phase() -> None:
    assert told(phases(Life([at(0)]))) == [("dependencies", 0, None)]


def test_a_task_goes_through_line_and_runs_until_it_ends() -> None:
    life = Life([at(0)], [run(2, 5, 7)], ended_at=at(7))
    assert told(phases(life)) == [("dependencies", 0, 2), (IN_LINE, 2, 5), ("running", 5, 7)]


def test_a_failure_waits_for_its_retry_and_a_lost_task_does_not() -> None:
    life = Life([at(0)], [run(0, 1, 2, RETRY_WAIT), run(5, 6, 7, IN_LINE)], ready_at=at(7))
    assert told(phases(life))[1:] == [
        ("running", 1, 2), (RETRY_WAIT, 2, 5), (IN_LINE, 5, 6), ("running", 6, 7),
        (IN_LINE, 7, None),
    ]  # fmt: skip


def test_between_an_end_and_the_retry_of_its_job_a_task_had_ended() -> None:
    life = Life([at(0), at(10)], [run(0, 1, 2, RETRY_WAIT)])
    assert told(phases(life)) == [
        (IN_LINE, 0, 1), ("running", 1, 2), (ENDED, 2, 10), ("dependencies", 10, None),
    ]  # fmt: skip


def test_a_retry_of_the_job_leaves_a_task_that_ended_well_as_it_was() -> None:
    life = Life([at(0), at(10)], [run(0, 1, 2)], ended_at=at(2))
    assert told(phases(life)) == [(IN_LINE, 0, 1), ("running", 1, 2)]


def test_only_the_retry_that_ran_it_again_counts() -> None:
    life = Life([at(0), at(10), at(15)], [run(0, 1, 2), run(20, 21, 22)], ended_at=at(22))
    assert told(phases(life))[2:4] == [(ENDED, 2, 15), ("dependencies", 15, 20)]


def test_a_template_waits_for_its_list_and_then_for_its_instances() -> None:
    life = Life([at(0)], expanded_at=at(3), ended_at=at(9))
    assert told(phases(life)) == [("dependencies", 0, 3), ("instances", 3, 9)]


def test_a_start_that_a_clock_puts_before_its_readiness_still_follows_it() -> None:
    life = Life([at(0)], [run(5, 4, 9)], ended_at=at(9))
    assert told(phases(life)) == [("dependencies", 0, 5), ("running", 5, 9)]


RUNS = st.lists(
    st.tuples(SECONDS, SECONDS, SECONDS, st.sampled_from([ENDED, RETRY_WAIT, IN_LINE])), max_size=5
)


@given(RUNS, st.lists(SECONDS, max_size=3), st.none() | SECONDS, st.none() | SECONDS)
def test_phases_leave_no_gap_whatever_the_clocks_say(
    runs: list[tuple[int, int, int, str]],
    retried: list[int],
    ready: int | None,
    ended: int | None,
) -> None:
    life = Life(
        [at(0), *map(at, sorted(retried))],
        [run(*times) for times in runs],
        ready_at=None if ready is None else at(ready),
        ended_at=None if ended is None else at(ended),
    )
    found = phases(life)
    assert all(one.ended_at == later.began_at for one, later in pairwise(found))
    assert all(span.ended_at is not None for span in found) or ended is None

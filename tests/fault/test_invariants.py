"""The invariants see what they are there for: a job is told and then bent, one way each."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import pytest

from tests.fault import invariants
from tests.fault.arena import Arena, Hit, Line
from tests.fault.invariants import Evidence

JOB, FIRST, SECOND = "job", "first", "second"


class Quiet:
    """A console that answers nothing unusual."""

    class store:
        @staticmethod
        def rows(*_: object) -> list[Any]:
            return []

    hits: list[Hit]

    def __init__(self) -> None:
        self.hits = []
        self.said = "all is well"

    def logs(self) -> dict[str, str]:
        return {"web": self.said}


def task(name: str, *needs: str, **more: Any) -> dict[str, Any]:
    base = {"id": name, "status": "completed", "attempt": 1, "required": True}
    return base | {"dependencies": list(needs)} | more


@pytest.fixture
def seen() -> Evidence:
    evidence = Evidence(cast("Arena", Quiet()), [JOB])
    tasks = [task(FIRST), task(SECOND, FIRST)]
    told = [{"changes": {"tasks": [{"id": one["id"], "status": "completed"}]}} for one in tasks]
    evidence.__dict__ |= {
        "stored": {JOB: {"status": "completed"}},
        "tasks": {JOB: tasks},
        "events": {JOB: told},
        "lines": [Line(FIRST, 1, 1, 0.0), Line(SECOND, 1, 1, 1.0)],
        "outcomes": {FIRST: Counter(completed=1), SECOND: Counter(completed=1)},
    }
    return evidence


PURE = ("I1", "I2", "I3", "I4", "I5", "I10")


def found(seen: Evidence) -> list[str]:
    return [name for name in PURE if invariants.CHECKS[name](seen)]


def test_a_job_as_it_should_be_breaks_nothing(seen: Evidence) -> None:
    assert found(seen) == []


def test_a_task_that_still_runs_breaks_the_first(seen: Evidence) -> None:
    seen.tasks[JOB][1]["status"] = "running"
    assert "I1" in found(seen)


def test_a_completion_told_twice_breaks_the_second(seen: Evidence) -> None:
    seen.events[JOB].append(seen.events[JOB][0])
    assert found(seen) == ["I2"]


def test_two_completed_attempts_break_the_second(seen: Evidence) -> None:
    seen.outcomes[FIRST]["completed"] = 2
    assert found(seen) == ["I2"]


def test_a_run_too_many_breaks_the_third(seen: Evidence) -> None:
    seen.lines.insert(0, Line(FIRST, 1, 1, 0.0))
    assert found(seen) == ["I3"]


def test_a_repeat_whose_lease_was_hit_is_allowed(seen: Evidence) -> None:
    seen.lines.insert(0, Line(FIRST, 1, 1, 0.0))
    seen.arena.hits.append(Hit(FIRST, 1, 0.0))
    assert found(seen) == []


def test_a_run_before_its_dependency_breaks_the_fourth(seen: Evidence) -> None:
    seen.lines.reverse()
    assert found(seen) == ["I4"]


def test_a_status_that_its_tasks_do_not_say_breaks_the_fifth(seen: Evidence) -> None:
    seen.stored[JOB]["status"] = "failed"
    assert found(seen) == ["I5"]


def test_a_traceback_breaks_the_tenth_unless_it_is_allowed(seen: Evidence) -> None:
    cast("Quiet", seen.arena).said = "Traceback (most recent call last): ConnectionError"
    assert found(seen) == ["I10"]
    seen.allowed = ["ConnectionError"]
    assert found(seen) == []

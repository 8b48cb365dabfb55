"""An engine that takes one task at a time has a few short ones held ahead for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.tasks.engines.definition import AHEAD, read
from apps.tasks.engines.dispatcher import Dispatcher
from apps.tasks.engines.hosts import HostPool
from apps.tasks.engines.line import Line
from apps.tasks.log_pages import Wanted, read_task
from apps.tasks.models import Attempt, Task
from tests.tasks.jobs import by_key, ended, make_job, statuses, task
from tests.waiting import eventually

Start = Callable[..., Dispatcher]


@pytest.fixture
def _sure_they_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much is held as may be, from the first task on."""
    monkeypatch.setattr(Line, "batch_size", property(lambda line: line.engine.most_held))


def one(key: str, **config: Any) -> dict[str, Any]:
    """A task of an engine with one slot."""
    return task(key, engine_id="test.slow", max_retries=0, config=config)


def line_of(**settings: Any) -> Line:
    return Line(read("x", settings, Path()), HostPool.__new__(HostPool))


def test_only_short_tasks_are_held_ahead() -> None:
    line = line_of(python="m:f")
    assert (line.batch_size, line.room) == (1, 1)
    line._durations.extend([0.001, 0.001, 9.0])
    assert (line.batch_size, line.room) == (AHEAD, AHEAD)
    line._durations.extend([0.009] * 5)
    assert line.batch_size == 2
    line._durations.extend([0.011] * 9)
    assert line.batch_size == 1


@pytest.mark.parametrize(
    "settings",
    [{"command": ["true"]}, {"http": "https://x"}, {"python": "m:f", "gpus": 1},
     {"python": "m:f", "gpu_memory_mb": 1}],
)  # fmt: skip
def test_nothing_is_held_for_programs_services_and_cards(settings: dict[str, Any]) -> None:
    line = line_of(**settings)
    line._durations.extend([0.001] * 9)
    assert line.batch_size == 1


@pytest.mark.usefixtures("_sure_they_are_short")
def test_what_waits_behind_a_slow_task_goes_to_another_worker(
    dispatch: Start, journal: Path
) -> None:
    job = make_job(one("slow", seconds=8), one("b"), one("c"))
    dispatch()
    eventually(lambda: set(statuses(job).values()) == {"running"})
    eventually(lambda: statuses(job) == {"slow": "running", "b": "ready", "c": "ready"})
    dispatch("w2")
    eventually(lambda: statuses(job) == {"slow": "running", "b": "completed", "c": "completed"})
    assert ended(job).status == "completed"
    assert len(journal.read_text().splitlines()) == 3
    assert not Task.objects.filter(losses__gt=0).exists()
    assert not Task.objects.filter(failures__gt=0).exists()


@pytest.mark.usefixtures("_sure_they_are_short")
def test_what_is_held_is_not_claimed_again_while_the_slow_one_runs(
    dispatch: Start, journal: Path
) -> None:
    job = make_job(one("slow", seconds=3), one("b"))
    dispatch()
    assert ended(job).status == "completed"
    assert by_key(job, "b").attempt == 2
    outcomes = Attempt.objects.filter(task__key="b").order_by("number")
    assert [found.outcome for found in outcomes][-1] == "completed"
    assert len(journal.read_text().splitlines()) == 2


@pytest.mark.usefixtures("_sure_they_are_short")
def test_each_tasks_lines_are_its_own(dispatch: Start) -> None:
    job = make_job(*(one(f"t{n}", say=f"line of t{n}") for n in range(20)))
    dispatch()
    assert ended(job).status == "completed"
    for found in Task.objects.filter(job=job):
        said = [row["text"] for row in read_task(found.id, 1, Wanted()).lines]
        assert said.count(f"line of {found.key}") == 2
        assert not [text for text in said if "line of" in text and found.key not in text.split()]

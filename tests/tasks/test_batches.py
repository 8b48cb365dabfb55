from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from uuid_utils.compat import uuid4

from apps.tasks import control
from apps.tasks.claims import Claim
from apps.tasks.engines import line as lines
from apps.tasks.engines.definition import EngineError, read
from apps.tasks.engines.dispatcher import Dispatcher
from apps.tasks.engines.hosts import HostPool
from apps.tasks.engines.line import Line
from apps.tasks.engines.registry import registry
from apps.tasks.engines.reports import settle_reports
from apps.tasks.engines.running import Run
from apps.tasks.log_pages import Wanted, read_task
from apps.tasks.models import Attempt, Task
from apps.tasks.settle import Outcome, Report
from apps.tenants.audit import SYSTEM
from tests.tasks.jobs import claim, ended, fresh, make_job, statuses, task
from tests.waiting import eventually

Start = Callable[..., Dispatcher]


@pytest.fixture(autouse=True)
def _large_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is as large as its engine allows, from the first task on."""
    monkeypatch.setattr(Line, "batch_size", property(lambda line: line.engine.batch))


def light(key: str, **config: Any) -> dict[str, Any]:
    return task(key, engine_id="test.light", max_retries=0, config=config)


def runs(journal: Path) -> list[list[str]]:
    return [text.split() for text in journal.read_text().splitlines()]


def test_a_batch_runs_in_one_host_each_task_once(dispatch: Start, journal: Path) -> None:
    job = make_job(*(light(f"t{n}") for n in range(40)))
    dispatch()
    assert ended(job).status == "completed"
    seen = runs(journal)
    assert len(seen) == len({task_id for task_id, *_ in seen}) == 40
    assert len({pid for *_, pid in seen}) == 1


def test_each_task_of_a_batch_has_its_own_clock(dispatch: Start) -> None:
    job = make_job(*(light(f"t{n}", seconds=0.3) for n in range(4)))
    dispatch()
    ended(job)
    ends = [found.ended_at for found in Attempt.objects.order_by("ended_at") if found.ended_at]
    assert len(ends) == 4
    assert all(later > earlier for earlier, later in pairwise(ends))


def test_a_finished_task_does_not_wait_for_a_slow_mate(dispatch: Start) -> None:
    job = make_job(light("a"), light("b", seconds=30))
    dispatch()
    eventually(lambda: statuses(job)["a"] == "completed")
    assert statuses(job)["b"] == "running"
    control.cancel(job.id, SYSTEM)
    ended(job)


def test_what_a_task_prints_is_its_own(dispatch: Start) -> None:
    job = make_job(*(light(f"t{n}", say=f"line of t{n}") for n in range(20)))
    dispatch()
    ended(job)
    for found in Task.objects.filter(job=job):
        said = [row["text"] for row in read_task(found.id, 1, Wanted()).lines]
        assert said.count(f"line of {found.key}") == 2
        assert not [text for text in said if "line of" in text and found.key not in text.split()]


def test_the_death_of_one_returns_its_mates_uncounted(dispatch: Start) -> None:
    job = make_job(light("a", die=True), *(light(f"t{n}") for n in range(5)))
    dispatch()
    eventually(lambda: fresh(job).completed_at)
    assert Task.objects.get(key="a").error_code == "poison"
    assert not Task.objects.exclude(key="a").filter(losses__gt=0).exists()


def test_a_cancel_takes_back_what_has_not_begun(dispatch: Start, journal: Path) -> None:
    slow = make_job(light("a", seconds=4))
    waiting = make_job(light("b"))
    dispatch()
    eventually(lambda: statuses(waiting)["b"] == "running")
    control.cancel(waiting.id, SYSTEM)
    assert ended(waiting).status == "cancelled"
    assert ended(slow).status == "completed"
    assert len(runs(journal)) == 1


@pytest.mark.django_db
@pytest.mark.skipif(settings.EMBEDDED, reason="SQLite stores what PostgreSQL refuses")
def test_a_value_the_database_refuses_fails_alone() -> None:
    make_job(task("good"), task("bad", max_retries=0, required=False), task("fine"))
    outputs = {"good": 1, "bad": "\0", "fine": 2}
    settle_reports(
        [
            Report(held.task_id, held.job_id, held.attempt, Outcome.COMPLETED, outputs[held.key])
            for held in claim()
        ]
    )
    codes = {found.key: found.error_code for found in Task.objects.all()}
    assert codes == {"good": None, "bad": "bad_output", "fine": None}


def test_a_batch_is_as_large_as_fifty_milliseconds_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    line = Line(registry().engines["test.light"], HostPool.__new__(HostPool))
    assert line.batch_size == 1
    line._durations.extend([0.01, 0.01, 0.5])
    assert line.batch_size == 5
    line._durations.extend([0.0001] * 10)
    assert line.batch_size == line.engine.batch


def test_a_task_that_was_lost_runs_alone() -> None:
    held = Claim(uuid4(), 2, uuid4(), uuid4(), "test.light", "a", None, {}, losses=1)
    run = Run(held, registry().engines["test.light"], Path())
    assert run.alone


def test_results_of_a_batch_are_flushed_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(registry().engines["test.light"], HostPool.__new__(HostPool))
    held = Claim(uuid4(), 1, uuid4(), uuid4(), "test.light", "a", None, {})
    done, other = (Run(held, line.engine, Path()) for _ in range(2))
    line.add(other)
    done.finish(Outcome.COMPLETED)
    assert line.due([done]) == []
    monkeypatch.setattr(lines, "FLUSH_SECONDS", 0.0)
    assert line.due([done]) == [done]


def test_a_command_cannot_take_a_batch(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="batch"):
        read("x", {"command": ["true"], "batch": 2}, tmp_path)

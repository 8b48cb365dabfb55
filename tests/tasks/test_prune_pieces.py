"""Upkeep works in transactions of bounded size, stops when its time is over, and goes on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.jobs.models import Job
from apps.tasks import prune
from apps.tasks.models import Task
from tests.tasks.jobs import make_job, run_all, task
from tests.tasks.maps import finish, listed
from tests.tasks.retained import NEW, OLD, ago, ended, there

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _kept_for_five_days(settings: Any) -> None:
    for kind in ("JOBS", "EVENTS", "LOGS", "FILES"):
        setattr(settings, f"CONSOLE_KEEP_{kind}_DAYS", 5)


def test_a_wide_job_goes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "ROWS", 3)
    job = make_job(*(task(str(n)) for n in range(10)), task("last", "0", "9"))
    run_all()
    Job.objects.filter(id=job.id).update(completed_at=ago(OLD))
    sizes: list[int] = []
    purge_tasks = prune._purge_tasks

    def noted(ids: list[UUID]) -> None:
        sizes.append(len(ids))
        purge_tasks(ids)

    monkeypatch.setattr(prune, "_purge_tasks", noted)
    prune.prune()
    assert (max(sizes), sum(sizes)) == (3, 11)
    assert not Job.objects.exists()


def test_a_mapped_job_goes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "ROWS", 2)
    job = listed([1, 2, 3, 4, 5])
    finish()
    Job.objects.filter(id=job.id).update(completed_at=ago(OLD))
    prune.prune()
    assert not Task.objects.exists()


def test_a_run_that_has_no_time_left_stops_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        ended()
    with monkeypatch.context() as patch:
        patch.setattr(prune, "SECONDS", 0.0)
        prune.prune()
        assert len(there(Job)) == 3
    prune.prune()
    assert not Job.objects.exists()


@pytest.mark.parametrize("number", [1, 10])
def test_where_nothing_is_old_a_run_costs_the_same(number: int) -> None:
    for _ in range(number):
        ended(NEW)
    prune.prune()
    with CaptureQueriesContext(connection) as queries:
        prune.prune()
    assert len(queries) < 30

"""The board: active jobs by stage, those that wait longest first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.console import queue_rows
from apps.jobs.models import Job
from apps.tasks import board, control
from apps.tasks.models import Task
from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from tests.console.answers import body, get
from tests.factories import make_tenant, staff_client
from tests.tasks.jobs import claim, make_job, report, run_all, task

pytestmark = pytest.mark.django_db

ROW = {"id", "tenant", "name", "status", "oldest_wait_ms", "cells"}


def waits(job: Job, seconds: int) -> None:
    ready = Task.objects.filter(job=job, status="ready")
    ready.update(ready_at=database_now() - timedelta(seconds=seconds))


def counts(cells: list[dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
    return {cell["stage"]: (cell["pending"], cell["ready"], cell["running"]) for cell in cells}


def shown(client: Client, query: str = "") -> list[str]:
    return [row["name"] for row in body(get(client, f"queue{query}"))["jobs"]]


def test_an_idle_board_is_empty(acme: Client) -> None:
    board = body(get(acme, "queue"))
    assert board.pop("seq") > 0
    assert board == {
        "stages": [], "jobs": [],
        "folded": {"jobs": 0, "oldest_wait_ms": None, "cells": [], "capped": False},
    }  # fmt: skip


def test_a_cell_counts_the_unended_tasks_of_its_stage(acme: Client) -> None:
    make_job(
        task("a", stage="cut"), task("b", stage="cut"), task("c", stage="cut"),
        task("d", "a", stage="read"),
    )  # fmt: skip
    first, _ = claim(limit=2)
    report(first)
    answer = body(get(acme, "queue"))
    (row,) = answer["jobs"]
    assert set(row) == ROW
    done = 1 if first.key == "a" else 0
    assert counts(row["cells"]) == {"cut": (0, 1, 1), "read": (1 - done, done, 0)}
    assert answer["stages"] == ["cut", "read"]


def test_jobs_that_wait_longest_come_first_and_those_that_wait_for_nothing_last(
    acme: Client,
) -> None:
    make_job(name="runs")
    claim()
    for name, seconds in (("short", 5), ("long", 500), ("middle", 50)):
        waits(make_job(name=name), seconds)
    assert shown(acme) == ["long", "middle", "short", "runs"]


def test_a_wait_is_that_of_the_oldest_ready_task(acme: Client) -> None:
    job = make_job(task("a", stage="x"), task("b", stage="y"), task("c", "a", stage="y"))
    waits(job, 100)
    Task.objects.filter(key="b").update(ready_at=database_now() - timedelta(seconds=50))
    (row,) = body(get(acme, "queue"))["jobs"]
    waited = {cell["stage"]: cell["oldest_wait_ms"] // 10_000 for cell in row["cells"]}
    assert (waited, row["oldest_wait_ms"] // 10_000) == ({"x": 10, "y": 5}, 10)


def test_what_ended_is_not_on_the_board(acme: Client) -> None:
    make_job(name="done")
    run_all()
    control.cancel(make_job(name="cancelled").id, SYSTEM)
    make_job(name="active")
    assert shown(acme) == ["active"]


def test_jobs_beyond_the_limit_are_folded(acme: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_rows, "SHOWN_JOBS", 2)
    for number in range(5):
        waits(make_job(task("a"), task("b", "a"), name=f"j{number}"), 1000 - 100 * number)
    claim(limit=1)
    answer = body(get(acme, "queue"))
    folded = answer["folded"]
    assert len(answer["jobs"]) == 2
    assert (folded["jobs"], folded["capped"]) == (3, False)
    assert sum(cell["ready"] + cell["running"] for cell in folded["cells"]) == 3
    assert folded["oldest_wait_ms"] >= 600_000


def test_a_wide_job_does_not_make_the_board_slow(
    acme: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_rows, "SHOWN_TASKS", 5)
    waits(make_job(*(task(str(n)) for n in range(4)), name="wide"), 100)
    waits(make_job(*(task(str(n)) for n in range(4)), name="second"), 50)
    make_job(name="narrow")
    answer = body(get(acme, "queue"))
    assert [row["name"] for row in answer["jobs"]] == ["wide"]
    assert answer["folded"]["jobs"] == 2


def test_counting_stops_at_a_limit_and_says_so(
    acme: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MOST_COUNTED", 3)
    monkeypatch.setattr(queue_rows, "SHOWN_JOBS", 1)
    for _ in range(6):
        make_job()
    folded = body(get(acme, "queue"))["folded"]
    assert folded["capped"] is True
    assert sum(cell["ready"] for cell in folded["cells"]) == 3


def test_a_key_sees_its_own_jobs_only(acme: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_rows, "SHOWN_JOBS", 1)
    make_job(name="own")
    before = get(acme, "queue").content
    for number in range(3):
        make_job(name=f"theirs{number}", tenant=make_tenant("globex"))
    claim(limit=1)
    assert shown(acme) == ["own"]
    assert body(get(acme, "queue"))["folded"]["jobs"] == 0
    assert before.count(b"own") == 1


def test_a_task_whose_copied_tenant_is_wrong_shows_no_job(acme: Client) -> None:
    theirs = make_job(name="theirs", tenant=make_tenant("globex"))
    Task.objects.filter(job=theirs).update(tenant_id=make_tenant("acme").id)
    assert body(get(acme, "queue"))["jobs"] == []
    assert body(get(acme, "queue"))["folded"]["cells"] == []


def test_staff_see_all_or_what_a_tenant_sees(acme: Client) -> None:
    make_job(name="own")
    make_job(name="theirs", tenant=make_tenant("globex"))
    staff = staff_client()
    assert sorted(shown(staff)) == ["own", "theirs"]
    assert shown(staff, "?tenant=globex") == ["theirs"]


@pytest.mark.parametrize("number", [1, 30])
def test_the_board_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for _ in range(number):
        make_job(task("a"), task("b", "a"))
    with django_assert_max_num_queries(9):
        assert get(acme, "queue").status_code == 200

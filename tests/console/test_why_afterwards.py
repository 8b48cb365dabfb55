"""What a wait was made of, told while it lasts and afterwards."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from apps.jobs.models import Job
from apps.tasks import pauses, sweep, waits
from apps.tasks.models import Attempt, Task, WaitSpan
from apps.tasks.settle import Outcome
from apps.tasks.sweep import ready_due_retries
from apps.tenants.audit import Actor
from apps.tenants.clock import database_now, stamp
from apps.workers.models import Tick
from tests.console.answers import post
from tests.console.whys import reasons, serve, why
from tests.factories import make_tenant
from tests.tasks.jobs import by_key, claim, make_job, report, run_all, task

pytestmark = pytest.mark.django_db

ADA = Actor("user:ada")


def earlier(seconds: float) -> None:
    """As if all that stands written had happened so much earlier."""
    ago = timedelta(seconds=seconds)
    times: list[tuple[Any, tuple[str, ...]]] = [
        (Job, ("created_at",)),
        (Task, ("ready_at", "started_at", "retry_at", "completed_at")),
        (Attempt, ("ready_at", "started_at", "ended_at")),
        (WaitSpan, ("began_at", "ended_at")),
        (Tick, ("at",)),
    ]
    for model, names in times:
        for row in model.objects.all():
            moved = {name: at - ago for name in names if (at := getattr(row, name))}
            model.objects.filter(pk=row.pk).update(**moved)


def wait_it_out() -> Job:
    """A task that met a missing worker, a paused engine and taken slots before it ran."""
    job = make_job()
    earlier(20)
    sweep.sweep()
    earlier(20)
    pauses.pause_engine("test.a", ADA)
    serve()
    sweep.sweep()
    earlier(20)
    pauses.resume_engine("test.a", ADA)
    other = make_job(priority=9)
    claim(limit=1)
    sweep.sweep()
    earlier(20)
    report(claim()[0])
    assert by_key(other, "only").status == "running"
    return job


def test_a_wait_is_told_as_a_stack_of_its_reasons(acme: Client) -> None:
    answer = why(acme, wait_it_out())
    assert answer["status"] == "completed"
    assert reasons(answer) == ["in_line", "no_worker", "engine_paused", "slots_taken", "running"]
    assert all(one["to"] == later["from"] for one, later in pairwise(answer["history"]))


def test_without_the_observer_the_stack_is_empty(
    acme: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "observe", set[str])
    assert reasons(why(acme, wait_it_out())) == ["in_line", "engine_paused", "in_line", "running"]


def test_what_keeps_it_now_holds_since_the_sweep_last_looked(acme: Client) -> None:
    job = make_job()
    earlier(90)
    Tick.objects.update_or_create(
        name=waits.LOOK, defaults={"at": database_now() - timedelta(seconds=40)}
    )
    answer = why(acme, job)
    assert reasons(answer) == ["in_line", "no_worker"]
    assert answer["history"][-1]["to"] is None
    assert answer["since"] == answer["history"][-1]["from"]


def test_the_paused_time_of_another_tenant_is_none_of_its_own(acme: Client) -> None:
    make_job(tenant=make_tenant("globex"))
    pauses.pause_tenant("globex", ADA)
    job = make_job()
    earlier(60)
    run_all()
    assert "tenant_paused" not in reasons(why(acme, job))


def test_each_attempt_has_its_own_wait(acme: Client) -> None:
    job = make_job()
    report(claim()[0], Outcome.FAILED, error="boom")
    earlier(5)
    Task.objects.update(retry_at=database_now())
    ready_due_retries()
    earlier(5)
    report(claim()[0], Outcome.LOST)
    report(claim()[0])
    assert reasons(why(acme, job)) == [
        "in_line", "running", "retry_wait", "in_line", "running", "in_line", "running",
    ]  # fmt: skip


def test_a_claim_that_is_not_recorded_yet_runs_in_the_history(acme: Client) -> None:
    job = make_job()
    claim()
    assert reasons(why(acme, job))[-1] == "running"


def test_a_retry_of_the_job_begins_anew(acme: Client) -> None:
    job = make_job(task("a", max_retries=0), task("b", "a"))
    report(claim()[0], Outcome.FAILED, error="boom")
    post(acme, f"jobs/{job.id}/retry")
    assert reasons(why(acme, job, "b")) == ["dependencies"]
    assert reasons(why(acme, job, "a"))[-3:] == ["running", "ended", "no_worker"]


# Of others ---------------------------------------------------------------------------------------


def test_how_long_others_waited_before_is_not_seen(acme: Client) -> None:
    make_job(tenant=make_tenant("globex"))
    sweep.sweep()
    earlier(600)
    job = make_job()
    sweep.sweep()
    ready_at = by_key(job, "only").ready_at
    assert ready_at is not None
    (span,) = why(acme, job)["history"]
    assert span == {"reason": "no_worker", "from": stamp(ready_at), "to": None}


def test_slots_that_others_hold_are_a_wait_for_a_free_slot_and_no_more(acme: Client) -> None:
    make_job(*(task(str(n)) for n in range(4)), tenant=make_tenant("globex"))
    claim(serve(slots=3), limit=3)
    job = make_job()
    sweep.sweep()
    answer = why(acme, job)
    assert reasons(answer) == ["slots_taken"]
    assert answer["detail"] == "It is next in line for test.a, and waits for a free slot."
    assert (answer["position"], answer["eta"], answer["blocking"]) == (1, None, [])

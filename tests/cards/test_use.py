"""What attempts hold: their peaks, their GPU time, and what it adds to their tenants' usage."""

from __future__ import annotations

import pytest

from apps.tasks import rollups
from apps.tasks.gpu_use import credit
from apps.tasks.models import Attempt, UsageDay, UsageDelta
from apps.tasks.settle import Outcome
from apps.workers.cards.holders import Use
from tests.cards.scene import running
from tests.console.answers import body, get
from tests.factories import key_client, make_tenant
from tests.tasks.jobs import claim, make_job, make_worker, report, task

pytestmark = pytest.mark.django_db


def use(used_mb: int | None = 300, seconds: float = 5.0, cards: int = 1) -> Use:
    found = Use(seconds)
    for number in range(cards):
        found.add(f"GPU-{number}", used_mb if number == 0 else None)
    return found


def test_a_running_attempt_keeps_its_peak() -> None:
    held = running()
    place = held.task_id, held.attempt
    for used_mb in (300, 900, 500, None):
        assert credit({place: use(used_mb)}) == {place}
    assert Attempt.objects.get().gpu_memory_peak_mb == 900


def test_a_peak_that_no_driver_tells_is_not_known() -> None:
    held = running()
    credit({(held.task_id, held.attempt): use(None)})
    attempt = Attempt.objects.get()
    assert (attempt.gpu_memory_peak_mb, attempt.gpu_ms) == (None, 5000)


def test_its_time_counts_once_for_each_card() -> None:
    held = running()
    credit({(held.task_id, held.attempt): use(cards=2)})
    credit({(held.task_id, held.attempt): use(seconds=4.5)})
    assert Attempt.objects.get().gpu_ms == 14_500


def test_a_job_tells_what_all_its_attempts_took() -> None:
    tenant = make_tenant()
    client = key_client(tenant)
    make_job(task("a"), task("b"), tenant=tenant)
    first, second = claim(make_worker())
    for held in (first, second):
        report(held, Outcome.STARTED)
    path = f"jobs/{first.job_id}"
    assert body(get(client, path))["gpu_seconds"] is None
    for held, seconds in ((first, 5.0), (second, 2.5)):
        credit({(held.task_id, held.attempt): use(seconds=seconds)})
    assert body(get(client, path))["gpu_seconds"] == 7.5


def test_several_processes_of_an_attempt_add_up_on_one_card() -> None:
    found = use(300)
    found.add("GPU-0", 200)
    assert (found.used_mb, found.gpu_seconds) == (500, 5.0)


def test_an_attempt_that_is_over_is_not_credited() -> None:
    held = running()
    report(held)
    assert credit({(held.task_id, held.attempt): use()}) == set()
    attempt = Attempt.objects.get()
    assert (attempt.gpu_memory_peak_mb, attempt.gpu_ms) == (None, None)
    assert not UsageDelta.objects.filter(status="gpu").exists()


def test_an_attempt_that_was_given_to_another_is_not_credited() -> None:
    held = running()
    assert credit({(held.task_id, held.attempt + 1): use()}) == set()


def test_gpu_time_is_part_of_its_tenants_and_its_engines_usage() -> None:
    held = running()
    credit({(held.task_id, held.attempt): use()})
    acme = key_client(make_tenant())
    for when in ("unfolded", "folded"):
        (row,) = body(get(acme, "usage"))["results"]
        assert (row["gpu_seconds"], row["tasks"]) == (5.0, 0), when
        (engine,) = body(get(acme, "usage?by=engine"))["results"]
        assert (engine["engine_id"], engine["gpu_seconds"]) == ("test.a", 5.0)
        rollups.fold()
    assert UsageDay.objects.get(engine_id="test.a").gpu_ms == 5000


def test_an_attempt_shows_its_gpu_seconds() -> None:
    held = running()
    credit({(held.task_id, held.attempt): use()})
    task = body(get(key_client(make_tenant()), f"jobs/{held.job_id}/tasks/{held.task_id}"))
    (attempt,) = task["attempts"]
    assert (attempt["gpu_seconds"], attempt["gpu_memory_peak_mb"]) == (5.0, 300)
    assert task["gpu_memory_peak_mb"] == 300

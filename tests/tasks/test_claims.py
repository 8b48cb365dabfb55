from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection

from apps.tasks import claims
from apps.tasks.claims import Claim
from apps.tasks.models import Task
from apps.tenants.models import Tenant
from apps.workers.models import Worker
from tests.factories import make_tenant
from tests.tasks.jobs import claim, fresh, make_job, make_worker, report, statuses, task

pytestmark = pytest.mark.django_db


def test_a_claim_takes_no_more_than_its_limit() -> None:
    make_job(task("a"), task("b"), task("c"))
    assert len(claim(limit=2)) == 2


def test_a_claim_raises_the_attempt() -> None:
    make_job()
    assert claim()[0].attempt == 1


def test_a_task_is_claimed_once() -> None:
    make_job()
    assert len(claim()) == 1
    assert claim(make_worker("w2")) == []


def test_a_claim_takes_only_its_own_engine() -> None:
    make_job(task("a", engine_id="test.b"))
    assert claim(engine="test.a") == []


def test_higher_priority_goes_first_within_a_tenant() -> None:
    make_job(task("low"))
    make_job(task("high"), priority=5)
    assert [held.key for held in claim(limit=1)] == ["high"]


def test_the_older_goes_first_at_the_same_priority() -> None:
    make_job(task("old"))
    make_job(task("new"))
    assert [held.key for held in claim(limit=1)] == ["old"]


def test_a_tenant_with_much_work_leaves_room_for_another() -> None:
    make_job(*(task(f"t{n}") for n in range(10)))
    make_job(task("single"), tenant=make_tenant("globex"))
    assert "single" in {held.key for held in claim(limit=2)}


def test_priority_does_not_reach_across_tenants() -> None:
    make_job(*(task(f"t{n}") for n in range(4)), priority=100)
    make_job(task("single"), tenant=make_tenant("globex"), priority=-100)
    assert "single" in {held.key for held in claim(limit=2)}


def test_an_inactive_tenant_starts_nothing() -> None:
    tenant = make_tenant()
    make_job(tenant=tenant)
    tenant.active = False
    tenant.save(update_fields=["active"])
    assert claim() == []


def test_a_claim_leaves_the_job_row_alone() -> None:
    job = make_job()
    claim()
    assert statuses(job) == {"only": "running"}
    assert (fresh(job).seq, fresh(job).ready_tasks) == (job.seq, 1)


@pytest.mark.django_db(transaction=True)
def test_parallel_claims_share_the_tasks_without_overlap() -> None:
    make_job(*(task(f"t{n}") for n in range(40)))
    taken: list[str] = []

    def work(name: str) -> None:
        worker = make_worker(name)
        for _ in range(10):
            taken.extend(held.key for held in claim(worker, limit=1))
        connection.close()

    threads = [Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 40


def two_tenants(first: int, second: int, **quotas: int) -> tuple[Tenant, Tenant]:
    """acme with `first` ready tasks and these settings, globex with `second`."""
    acme, globex = make_tenant(), make_tenant("globex")
    Tenant.objects.filter(id=acme.id).update(**quotas)
    make_job(*(task(f"a{n}") for n in range(first)), tenant=acme)
    if second:
        make_job(*(task(f"g{n}") for n in range(second)), tenant=globex)
    return acme, globex


def owners(claimed: list[Claim]) -> dict[str, int]:
    return dict(Counter(held.key[0] for held in claimed))


def test_slots_are_shared_by_weight() -> None:
    two_tenants(20, 20, weight=3)
    assert owners(claim(limit=8)) == {"a": 6, "g": 2}


def test_the_share_counts_what_runs_already() -> None:
    two_tenants(20, 20, weight=3)
    worker = make_worker()
    taken = [held for _ in range(4) for held in claim(worker, limit=2)]
    assert owners(taken) == {"a": 6, "g": 2}


def test_what_one_tenant_lacks_goes_to_the_other() -> None:
    two_tenants(1, 20)
    assert owners(claim(limit=6)) == {"a": 1, "g": 5}


def test_a_tenant_runs_no_more_than_its_quota() -> None:
    two_tenants(5, 1, max_running_tasks=2)
    assert owners(claim(limit=10)) == {"a": 2, "g": 1}
    assert claim(limit=10) == []


def test_an_end_makes_room_in_the_quota() -> None:
    two_tenants(5, 0, max_running_tasks=1)
    (first,) = claim()
    report(first)
    assert len(claim()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_quota_of_running_tasks_is_exact_under_parallel_claims() -> None:
    acme, _ = two_tenants(30, 0, max_running_tasks=3)
    taken = in_parallel(lambda worker: claim(worker, limit=2), 8)
    assert len(taken) == 3
    assert Task.objects.filter(tenant_id=acme.id, status="running").count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(settings.EMBEDDED, reason="SQLite has one writer whatever we do")
def test_without_the_tenants_lock_the_quota_is_overrun(monkeypatch: pytest.MonkeyPatch) -> None:
    two_tenants(200, 0, max_running_tasks=3)
    monkeypatch.setattr(claims, "_HOLD_TENANT", "SELECT id FROM tenants_tenant WHERE id = %s")
    barrier = Barrier(8)
    counted = claims._RUNNING

    def wait_and_claim(worker: Worker) -> list[Claim]:
        barrier.wait()
        return claim(worker, limit=2)

    monkeypatch.setattr(claims, "_RUNNING", counted + " AND pg_sleep(0.2) IS NOT NULL OR false")
    assert len(in_parallel(wait_and_claim, 8)) > 3


def test_a_claim_brings_the_outputs_of_what_it_depends_on() -> None:
    make_job(task("a"), task("b", "a"))
    report(claim()[0], output={"n": [1, None, "é"]})
    ((_, key, output, files),) = claim()[0].inputs
    assert (key, output, files) == ("a", {"n": [1, None, "é"]}, False)


def test_a_tenant_with_ten_thousand_tasks_delays_another_by_what_runs_only() -> None:
    acme, globex = make_tenant(), make_tenant("globex")
    job = make_job(tenant=acme)
    template = Task.objects.get(job=job)
    Task.objects.bulk_create(
        Task(
            job=job,
            tenant_id=acme.id,
            position=n,
            key=f"a{n}",
            stage="a",
            engine_id=template.engine_id,
            status="ready",
            ready_at=template.ready_at,
            priority=100,
        )
        for n in range(10_000)
    )
    worker = make_worker()
    claim(worker, limit=4)
    make_job(task("single", priority=-100), tenant=globex)
    assert [held.key for held in claim(worker, limit=1)] == ["single"]


def in_parallel(work: Callable[[Worker], list[Claim]], number: int) -> list[Claim]:
    """What so many workers take at once."""
    taken: list[Claim] = []

    def run(name: str) -> None:
        taken.extend(work(make_worker(name)))
        connection.close()

    threads = [Thread(target=run, args=(f"w{n}",)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connection

from tests.factories import make_tenant
from tests.tasks.jobs import claim, fresh, make_job, make_worker, statuses, task

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

"""One verb on many jobs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import QuerySet

from apps.jobs.models import BulkAction, BulkItem, Job, JobEvent
from apps.jobs.status import BulkVerb
from apps.tasks import background, bulk, control
from apps.tasks.settle import Outcome
from apps.tenants.audit import Actor
from apps.tenants.models import AuditEntry, Tenant
from tests.factories import make_tenant
from tests.tasks.jobs import fresh, make_job, missing, run_all

pytestmark = pytest.mark.django_db

ADA = Actor("user:ada", address="10.0.0.1", request_id="r1")
LONG = 60.0


def jobs(number: int, tenant: Tenant | None = None) -> list[UUID]:
    return [make_job(tenant=tenant).id for _ in range(number)]


def failed(number: int) -> list[UUID]:
    ids = jobs(number)
    run_all({"only": Outcome.FAILED})
    return ids


def start(verb: BulkVerb, ids: list[UUID], tenant: Tenant | None = None) -> BulkAction:
    return bulk.start(tenant, verb, ids, ADA)


def results(action: BulkAction) -> list[str]:
    items = BulkItem.objects.filter(bulk=action).order_by("job_id")
    return list(items.values_list("result", flat=True))


def retried(ids: list[UUID]) -> int:
    return JobEvent.objects.filter(job_id__in=ids, type="job.retried").count()


def test_every_job_is_done_and_the_action_ends() -> None:
    ids = jobs(45)
    action = start(BulkVerb.CANCEL, ids)
    assert not bulk.work_off(LONG)
    assert results(action) == ["done"] * 45
    assert Job.objects.filter(id__in=ids, status="cancelled").count() == 45
    assert BulkAction.objects.get().completed_at is not None


@pytest.mark.parametrize("verb", BulkVerb)
def test_each_is_recorded_as_done_by_who_asked(verb: BulkVerb) -> None:
    ids = jobs(2) if verb == BulkVerb.CANCEL else failed(2)
    start(verb, ids)
    bulk.work_off(LONG)
    entries = AuditEntry.objects.filter(action=verb, object_id__in=map(str, ids))
    assert {(e.actor, e.address, e.request_id) for e in entries} == {("user:ada", "10.0.0.1", "r1")}
    assert entries.count() == 2


def test_the_request_itself_is_recorded() -> None:
    action = start(BulkVerb.DELETE, jobs(3))
    entry = AuditEntry.objects.get(action="bulk")
    assert (entry.object_id, entry.after) == (str(action.pk), {"action": "delete", "jobs": 3})


def test_a_job_that_forbids_it_is_refused_with_the_reason() -> None:
    (job_id,) = jobs(1)
    run_all()
    start(BulkVerb.CANCEL, [job_id])
    bulk.work_off(LONG)
    item = BulkItem.objects.get()
    assert (item.result, item.detail) == (
        "refused",
        "A job that is completed cannot become cancelling.",
    )


def test_anothers_job_fares_as_one_that_is_not_there() -> None:
    (theirs,) = jobs(1, make_tenant("globex"))
    start(BulkVerb.CANCEL, [theirs, missing()], make_tenant("acme"))
    bulk.work_off(LONG)
    seen = {(item.result, item.detail) for item in BulkItem.objects.all()}
    assert seen == {("gone", "")}
    assert Job.objects.get(id=theirs).status == "pending"


def test_a_job_named_twice_is_done_once() -> None:
    ids = jobs(1)
    assert results(start(BulkVerb.CANCEL, ids * 3)) == [""]


def test_nothing_to_do_is_done_at_once() -> None:
    start(BulkVerb.CANCEL, [])
    assert not bulk.under_way()


def test_no_more_retries_start_in_a_second_than_may(settings: Any) -> None:
    settings.CONSOLE_BULK_RETRIES_PER_SECOND = 25
    ids = failed(30)
    start(BulkVerb.RETRY, ids)
    assert bulk.work_off(LONG)
    assert retried(ids) == 25
    assert not bulk.work_off(LONG)
    assert retried(ids) == 30


def test_a_paced_action_does_not_hold_up_another(settings: Any) -> None:
    settings.CONSOLE_BULK_RETRIES_PER_SECOND = 1
    start(BulkVerb.RETRY, failed(3))
    other = start(BulkVerb.CANCEL, jobs(3))
    bulk.work_off(LONG)
    assert results(other) == ["done"] * 3


def test_a_large_action_does_not_hold_up_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)
    order: list[UUID] = []
    monkeypatch.setitem(bulk._VERBS, BulkVerb.CANCEL, lambda job_id, _: order.append(job_id))
    many, one = jobs(10), jobs(1)
    start(BulkVerb.CANCEL, many)
    start(BulkVerb.CANCEL, one)
    bulk.work_off(LONG)
    assert order.index(one[0]) == 2


def test_one_slice_runs_in_a_second_whoever_asks(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CONSOLE_BULK_RETRIES_PER_SECOND = 2
    monkeypatch.setattr(bulk, "SLICE_SECONDS", 3600.0)
    ids = failed(5)
    start(BulkVerb.RETRY, ids)
    for _ in range(3):
        background.work_off_bulk_actions()
    assert retried(ids) == 2


def test_a_job_that_cannot_be_done_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = sorted(jobs(3))

    def cancel(job_id: UUID, actor: Actor) -> None:
        if job_id == ids[0]:
            raise ZeroDivisionError
        control.cancel(job_id, actor)

    monkeypatch.setitem(bulk._VERBS, BulkVerb.CANCEL, cancel)
    action = start(BulkVerb.CANCEL, ids)
    bulk.work_off(LONG)
    assert results(action) == ["refused", "done", "done"]


class Killed(BaseException):
    """The process ends here."""


def die_on_save(monkeypatch: pytest.MonkeyPatch) -> None:
    def save(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(BulkItem, "save", save)


def test_a_process_that_dies_leaves_neither_the_job_done_nor_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = failed(1)
    action = start(BulkVerb.RETRY, ids)
    with monkeypatch.context() as patch:
        die_on_save(patch)
        with pytest.raises(Killed):
            bulk.work_off(LONG)
    assert (results(action), retried(ids)) == ([""], 0)
    bulk.work_off(LONG)
    assert (results(action), retried(ids)) == (["done"], 1)


# Several at once ---------------------------------------------------------------------------------


def work_off_at_once(number: int) -> None:
    def work() -> None:
        try:
            bulk.work_off(LONG)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        for done in [pool.submit(work) for _ in range(number)]:
            done.result()


@pytest.mark.django_db(transaction=True)
def test_several_workers_do_each_job_once() -> None:
    ids = failed(40)
    action = start(BulkVerb.RETRY, ids)
    work_off_at_once(4)
    assert results(action) == ["done"] * 40
    assert retried(ids) == 40
    assert not bulk.under_way()


@pytest.mark.service
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_several_workers_do_a_job_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows.all())
    action = start(BulkVerb.RETRY, failed(40))
    work_off_at_once(4)
    assert "refused" in results(action)


def test_the_jobs_are_those_there_were_when_it_was_asked_for() -> None:
    start(BulkVerb.CANCEL, jobs(2))
    later = make_job()
    bulk.work_off(LONG)
    assert fresh(later).status == "pending"

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from apps.jobs import files
from apps.jobs.models import Job, Pipeline, SubmitReceipt
from apps.tasks import control
from apps.tasks.graph import GraphError
from apps.tasks.models import Task, TaskDependency
from apps.tasks.submit import (
    IdempotencyConflict,
    QuotaExceeded,
    Submission,
    clone,
    submit,
)
from apps.tenants.audit import SYSTEM
from apps.tenants.models import Tenant
from tests.factories import make_tenant
from tests.tasks.jobs import make_job, run_all, task

pytestmark = pytest.mark.django_db


def submission(**more: Any) -> Submission:
    fields: dict[str, Any] = {"name": "job", "pipeline": None, "parameters": {}, "priority": 0}
    return Submission(**(fields | {"labels": {}, "tasks": [task("a")]} | more))


def test_a_submission_becomes_rows() -> None:
    job = make_job(task("a"), task("b", "a"), labels={"team": "x"}, parameters={"n": 1})
    assert (job.total_tasks, job.ready_tasks, job.pending_tasks, job.seq) == (2, 1, 1, 1)
    assert TaskDependency.objects.get().depends_on.key == "a"
    assert dict(job.labels.values_list("name", "value")) == {"team": "x"}


def test_the_same_key_and_body_is_the_same_job() -> None:
    first = submit(make_tenant(), submission(), SYSTEM, "k")
    again = submit(make_tenant(), submission(), SYSTEM, "k")
    assert (first[1], again[1]) == (True, False)
    assert first[0].id == again[0].id


def test_the_same_key_for_another_body_is_refused() -> None:
    submit(make_tenant(), submission(), SYSTEM, "k")
    with pytest.raises(IdempotencyConflict):
        submit(make_tenant(), submission(name="other"), SYSTEM, "k")
    assert Job.objects.count() == 1


def test_two_tenants_may_use_the_same_key() -> None:
    submit(make_tenant(), submission(), SYSTEM, "k")
    assert submit(make_tenant("globex"), submission(name="other"), SYSTEM, "k")[1]


def test_a_key_outlives_its_job() -> None:
    job, _ = submit(make_tenant(), submission(), SYSTEM, "k")
    run_all()
    control.delete(job.id, SYSTEM)
    with pytest.raises(IdempotencyConflict):
        submit(make_tenant(), submission(), SYSTEM, "k")


@pytest.mark.django_db(transaction=True)
def test_parallel_submits_with_one_key_make_one_job() -> None:
    tenant, barrier, ids = make_tenant(), Barrier(6), []

    def work() -> None:
        barrier.wait()
        ids.append(submit(tenant, submission(), SYSTEM, "k")[0].id)
        connection.close()

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1 == Job.objects.count()


@pytest.mark.django_db(transaction=True)
def test_a_quota_holds_under_parallel_submits() -> None:
    tenant = make_tenant(max_active_jobs=3)
    refused: list[QuotaExceeded] = []

    def work() -> None:
        try:
            submit(tenant, submission(), SYSTEM)
        except QuotaExceeded as error:
            refused.append(error)
        connection.close()

    threads = [Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Job.objects.count(), len(refused)) == (3, 7)
    assert refused[0].quota == "max_active_jobs"


def test_a_submission_with_a_bad_graph_stores_nothing() -> None:
    with pytest.raises(GraphError):
        submit(make_tenant(), submission(tasks=[task("a", "b")]), SYSTEM, "k")
    assert not Job.objects.exists()
    assert not SubmitReceipt.objects.exists()


def test_either_a_pipeline_or_tasks() -> None:
    for more in ({"pipeline": "p"}, {"tasks": None}):
        with pytest.raises(GraphError):
            submit(make_tenant(), submission(**more), SYSTEM)


def pipeline(name: str, key: str, tenant: Tenant | None = None) -> None:
    tasks = [{"key": key, "engine_id": "test.a"}]
    Pipeline.objects.create(name=name, tenant=tenant, tasks=tasks)


def test_a_tenants_own_pipeline_goes_before_the_shared_one() -> None:
    pipeline("p", "shared")
    pipeline("p", "own", make_tenant())
    submit(make_tenant(), submission(pipeline="p", tasks=None), SYSTEM)
    assert Task.objects.get().key == "own"


def test_another_tenants_pipeline_does_not_exist() -> None:
    pipeline("p", "own", make_tenant("globex"))
    with pytest.raises(GraphError, match="There is no pipeline"):
        submit(make_tenant(), submission(pipeline="p", tasks=None), SYSTEM)


def test_a_file_of_another_tenant_is_refused() -> None:
    foreign = files.create(make_tenant("globex"), "a.txt", [b"x"], SYSTEM)
    with pytest.raises(ValidationError, match=str(foreign.id)):
        submit(make_tenant(), submission(parameters={"in": {"file": str(foreign.id)}}), SYSTEM)
    assert not Job.objects.exists()


def test_a_clone_has_the_same_tasks_and_other_parameters() -> None:
    job = make_job(task("a", config={"n": 1}), task("b", "a"), labels={"x": "y"})
    copy = clone(job, SYSTEM, {"p": 2})
    assert copy.parameters == {"p": 2}
    assert list(copy.tasks.order_by("position").values_list("key", "config")) == [
        ("a", {"n": 1}), ("b", {}),
    ]  # fmt: skip
    assert copy.labels.get().value == "y"
    assert copy.id != job.id

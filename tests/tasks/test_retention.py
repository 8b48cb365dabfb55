"""What is too old goes, with what belongs to it; what runs, and what is another's, stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from apps.jobs.models import Job, JobEngine, JobEvent, JobLabel, StoredFile
from apps.jobs.transitions import lock
from apps.tasks import control, prune, retention
from apps.tasks.models import Attempt, Task, TaskFile, TaskLog, UsageDelta, UsageHour
from apps.tasks.settle import Outcome
from apps.tenants.audit import SYSTEM
from apps.tenants.models import AuditEntry, Tenant
from tests.factories import make_tenant
from tests.tasks.jobs import claim, fresh, make_job, make_worker, report, run_all, task
from tests.tasks.retained import NEW, OLD, ago, ended, has_bytes, stored, there

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _kept_for_five_days(settings: Any) -> None:
    for kind in ("JOBS", "EVENTS", "LOGS", "FILES"):
        setattr(settings, f"CONSOLE_KEEP_{kind}_DAYS", 5)


@pytest.fixture
def only(settings: Any) -> Any:
    """Let one kind of thing expire, and nothing else."""

    def choose(kind: str) -> None:
        for other in {"JOBS", "EVENTS", "LOGS", "FILES"} - {kind}:
            setattr(settings, f"CONSOLE_KEEP_{other}_DAYS", 0)

    return choose


# By default --------------------------------------------------------------------------------------


def test_nothing_of_a_job_expires_unless_asked(settings: Any) -> None:
    for kind in ("JOBS", "EVENTS", "LOGS", "FILES"):
        setattr(settings, f"CONSOLE_KEEP_{kind}_DAYS", 0)
    job, file = ended(days=10_000), stored(days=10_000)
    prune.prune()
    assert there(Job) == there(JobEvent) == there(TaskLog) == {job.id}
    assert has_bytes(file)


# Jobs --------------------------------------------------------------------------------------------


def test_an_old_job_goes_with_all_that_belongs_to_it() -> None:
    job = ended(OLD, labels={"team": "a"})
    left = StoredFile.objects.get(left_by__task__job=job)
    prune.prune()
    for model in (Job, Task, Attempt, TaskLog, TaskFile, JobEvent, JobLabel, JobEngine, StoredFile):
        assert not model._default_manager.exists(), model
    assert not has_bytes(left)


def test_a_job_that_is_not_too_old_stays_whole() -> None:
    job = ended(NEW)
    prune.prune()
    assert there(Job) == there(JobEvent) == there(TaskLog) == {job.id}
    assert StoredFile.objects.count() == 1


def test_an_active_job_stays_however_old() -> None:
    job = make_job(task("a"), task("b", "a"))
    (held,) = claim(make_worker())
    report(held, Outcome.STARTED)
    Job.objects.filter(id=job.id).update(created_at=ago(1000), started_at=ago(1000))
    prune.prune()
    report(held)
    run_all()
    assert fresh(job).status == "completed"
    assert JobEvent.objects.filter(job=job).count() == fresh(job).seq


def test_a_job_that_was_begun_again_is_not_old(only: Any) -> None:
    job = make_job()
    run_all({"only": Outcome.FAILED})
    Job.objects.filter(id=job.id).update(completed_at=ago(OLD))
    control.retry(job.id, SYSTEM)
    prune.prune()
    assert there(Job) == {job.id}


def test_another_tenants_are_kept_as_long_as_it_wants() -> None:
    Tenant.objects.filter(id=make_tenant("globex").id).update(retention_days=100)
    ended(OLD, "acme")
    theirs = ended(OLD, "globex")
    prune.prune()
    assert there(Job) == there(JobEvent) == there(TaskLog) == {theirs.id}
    assert list(StoredFile.objects.values_list("tenant__slug", flat=True)) == ["globex"]


def test_a_tenants_own_number_holds_where_the_settings_keep_for_ever(settings: Any) -> None:
    for kind in ("JOBS", "EVENTS", "LOGS", "FILES"):
        setattr(settings, f"CONSOLE_KEEP_{kind}_DAYS", 0)
    Tenant.objects.filter(id=make_tenant("acme").id).update(retention_days=5)
    ended(OLD, "acme")
    theirs = ended(OLD, "globex")
    prune.prune()
    assert there(Job) == {theirs.id}


def test_what_was_removed_is_on_the_trail() -> None:
    ended(OLD)
    ended(NEW, "globex")
    prune.prune()
    entry = AuditEntry.objects.get(action="expire")
    assert (entry.actor, entry.tenant, entry.after) == (
        "system",
        make_tenant("acme"),
        {"jobs": 1, "files": 1},
    )


# Events and logs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "model"), [("EVENTS", JobEvent), ("LOGS", TaskLog)])
def test_events_and_logs_of_old_jobs_go_before_the_jobs(only: Any, kind: str, model: Any) -> None:
    only(kind)
    old, new = ended(OLD), ended(NEW)
    prune.prune()
    assert there(model) == {new.id}
    assert there(Job) == {old.id, new.id}
    assert len({len(there(JobEvent)), len(there(TaskLog))}) == 2


def test_each_run_goes_on_where_the_last_one_came_to(
    only: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("LOGS")
    monkeypatch.setattr(retention, "JOBS", 2)
    jobs = [ended(OLD - n * 0.1) for n in range(5)]
    prune.prune()
    assert there(TaskLog) == set()
    locked: list[Any] = []

    def noted(ids: Any) -> Any:
        locked.extend(ids)
        return lock(ids)

    monkeypatch.setattr(retention, "lock", noted)
    late = ended(OLD - 1)
    prune.prune()
    assert set(locked) == {late.id}
    assert there(Job) == {late.id, *(job.id for job in jobs)}


def test_jobs_that_ended_in_the_same_moment_are_all_trimmed(
    only: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("LOGS")
    monkeypatch.setattr(retention, "JOBS", 2)
    for _ in range(5):
        ended()
    Job.objects.update(completed_at=ago(OLD))
    prune.prune()
    assert there(TaskLog) == set()


def test_a_job_that_is_begun_again_meanwhile_keeps_its_events(
    only: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("EVENTS")
    job = make_job()
    run_all({"only": Outcome.FAILED})
    Job.objects.filter(id=job.id).update(completed_at=ago(OLD))

    def late(ids: Any) -> Any:
        if fresh(job).status == "failed":
            control.retry(job.id, SYSTEM)
        return lock(ids)

    monkeypatch.setattr(retention, "lock", late)
    prune.prune()
    assert JobEvent.objects.filter(job=job).count() == fresh(job).seq


# Files -------------------------------------------------------------------------------------------


def test_an_old_upload_goes_with_its_bytes(only: Any) -> None:
    only("FILES")
    old, new, theirs = stored(), stored(days=NEW), stored("globex", NEW)
    prune.prune()
    assert set(StoredFile.objects.values_list("id", flat=True)) == {new.id, theirs.id}
    assert (has_bytes(old), has_bytes(new)) == (False, True)


@pytest.mark.parametrize("where", ["parameters", "config"])
@pytest.mark.parametrize("kind", ["FILES", "JOBS"])
def test_a_file_that_an_active_job_refers_to_stays(only: Any, kind: str, where: str) -> None:
    only(kind)
    old = ended()
    file = StoredFile.objects.get(left_by__task__job=old)
    reference = {"deep": [{"file": str(file.id)}]}
    if where == "parameters":
        active = make_job(parameters=reference)
    else:
        active = make_job(task("t", config=reference))
    prune.prune()
    assert has_bytes(file)
    run_all()
    assert fresh(active).status == "completed"
    prune.prune()
    assert not has_bytes(file)


def test_a_file_that_an_output_of_an_active_job_names_stays(only: Any) -> None:
    only("FILES")
    file = stored()
    make_job(task("a"), task("b", "a"))
    (held,) = claim(make_worker())
    report(held, output={"file": str(file.id)})
    prune.prune()
    assert has_bytes(file)


def test_a_file_that_a_task_of_an_active_job_left_stays(only: Any) -> None:
    only("FILES")
    job = make_job(task("a"), task("b", "a"))
    report(claim(make_worker())[0])
    file = stored()
    TaskFile.objects.create(task=Task.objects.get(job=job, key="a"), attempt=1, file=file)
    prune.prune()
    assert has_bytes(file)


def test_another_tenants_job_does_not_keep_a_file(only: Any) -> None:
    only("FILES")
    file = stored()
    theirs = make_job(tenant=make_tenant("globex"))
    Job.objects.filter(id=theirs.id).update(parameters={"file": str(file.id)})
    prune.prune()
    assert not has_bytes(file)


def test_bytes_stay_when_their_row_could_not_be_deleted(
    only: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("FILES")
    file = stored()
    with transaction.atomic():
        prune.prune()
        transaction.set_rollback(True)
    assert has_bytes(file)


# Figures -----------------------------------------------------------------------------------------


def test_figures_are_kept_for_four_hundred_days() -> None:
    for days in (399, 401):
        fields = {"tenant_id": make_tenant().id, "engine_id": "a"}
        UsageHour.objects.create(starts_at=ago(days), **fields)
        UsageDelta.objects.create(at=ago(days), job_id=make_tenant().id, status="failed", **fields)
    prune.prune()
    assert (UsageHour.objects.count(), UsageDelta.objects.count()) == (1, 1)

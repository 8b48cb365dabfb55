"""Retries of jobs with maps: which instances run again, and when a map begins anew."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pytest_django import DjangoCaptureOnCommitCallbacks
from uuid_utils.compat import uuid7

from apps.jobs.models import Job, StoredFile
from apps.tasks import control
from apps.tasks.models import Attempt, Task, TaskDependency
from apps.tasks.settle import LeftFile, Outcome
from apps.tenants.audit import SYSTEM
from tests.tasks.jobs import by_key, claim, fresh, make_job, report, run_all, statuses, task
from tests.tasks.maps import finish, listed, mapped, misreplayed

pytestmark = pytest.mark.django_db

END = task("end", "each", max_retries=0)


def failed_at_the_end(items: int = 3) -> Job:
    """All instances completed; what follows failed."""
    job = listed(list(range(items)), mapped(), END)
    finish(end=Outcome.FAILED)
    assert fresh(job).status == "failed"
    return job


def retry(job: Job, key: str, config: dict[str, object] | None = None) -> None:
    control.retry_task(job.id, by_key(job, key).id, SYSTEM, config)
    assert misreplayed(job) == []


def attempts(job: Job) -> dict[str, int]:
    return dict(Task.objects.filter(job=job).values_list("key", "attempt"))


def test_a_retry_of_the_job_runs_again_what_did_not_complete() -> None:
    job = listed([1, 2, 3], mapped(max_retries=0), END)
    first, second, third = claim()
    report(first, output="kept", output_bytes=6)
    report(second, Outcome.FAILED, error="no", final=True)
    report(third, Outcome.CANCELLED)
    control.retry(job.id, SYSTEM)
    assert statuses(job) == {
        "list": "completed", "each": "pending", "end": "pending",
        "each[0]": "completed", "each[1]": "ready", "each[2]": "ready",
    }  # fmt: skip
    assert by_key(job, "each").remaining == 2
    finish()
    assert by_key(job, "each").output == ["kept", "each[1]", "each[2]"]
    assert (fresh(job).status, misreplayed(job)) == ("completed", [])


def test_a_retry_of_the_job_leaves_a_completed_map_alone() -> None:
    job = failed_at_the_end()
    control.retry(job.id, SYSTEM)
    assert statuses(job)["each"] == "completed"
    finish()
    assert attempts(job) == {
        "list": 1, "each": 0, "each[0]": 1, "each[1]": 1, "each[2]": 1, "end": 2,
    }  # fmt: skip


def test_a_retry_of_the_job_keeps_failed_instances_of_an_optional_map() -> None:
    job = listed([1, 2], mapped(required=False), END)
    finish(each_0=Outcome.FAILED, end=Outcome.FAILED)
    control.retry(job.id, SYSTEM)
    assert (statuses(job)["each"], statuses(job)["each[0]"]) == ("completed", "failed")


def test_a_retry_of_one_instance_runs_that_one() -> None:
    job = failed_at_the_end()
    retry(job, "each[1]")
    assert (by_key(job, "each").status, by_key(job, "each").remaining) == ("pending", 1)
    finish()
    assert [attempts(job)[f"each[{n}]"] for n in range(3)] == [1, 2, 1]
    assert (fresh(job).status, misreplayed(job)) == ("completed", [])


def test_a_retry_of_a_map_runs_its_instances_that_did_not_complete() -> None:
    job = listed([1, 2], mapped(required=False), END)
    finish(each_0=Outcome.FAILED, end=Outcome.FAILED)
    retry(job, "each")
    assert (statuses(job)["each[0]"], statuses(job)["each[1]"]) == ("ready", "completed")


def test_a_retry_of_a_completed_map_runs_all_its_instances() -> None:
    job = failed_at_the_end()
    retry(job, "each")
    assert by_key(job, "each").remaining == 3
    assert by_key(job, "each").output is None
    finish()
    assert [attempts(job)[f"each[{n}]"] for n in range(3)] == [2, 2, 2]


def test_a_new_list_begins_the_map_anew() -> None:
    job = failed_at_the_end()
    retry(job, "list")
    assert statuses(job) == {"list": "ready", "each": "pending", "end": "pending"}
    assert (fresh(job).total_tasks, by_key(job, "each").remaining) == (3, 1)
    report(claim()[0], output=["other"])
    finish()
    assert by_key(job, "each").output == ["each[0]"]
    assert (fresh(job).status, misreplayed(job)) == ("completed", [])


def test_any_new_input_begins_the_map_anew() -> None:
    job = make_job(task("list"), task("other"), mapped(after=["other"]), END)
    for held in claim():
        report(held, output=[1])
    finish(end=Outcome.FAILED)
    retry(job, "other")
    assert statuses(job).keys() == {"list", "other", "each", "end"}
    assert by_key(job, "each").remaining == 1


def test_of_removed_instances_nothing_is_left(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    job = listed([1], mapped(), END)
    path = default_storage.save("left.txt", ContentFile(b"text"))
    left = LeftFile(uuid7(), "left.txt", path, 4, "0" * 64)
    report(claim()[0], files=(left,))
    finish(end=Outcome.FAILED)
    with django_capture_on_commit_callbacks(execute=True):
        retry(job, "list")
    assert not StoredFile.objects.filter(id=left.id).exists()
    assert not default_storage.exists(path)
    assert Attempt.objects.count() == 2
    assert TaskDependency.objects.count() == 2


def test_an_instance_that_runs_again_begins_the_maps_over_its_map_anew() -> None:
    job = listed([1, 2], mapped(), mapped("then", "each"), task("end", "then", max_retries=0))
    finish(end=Outcome.FAILED)
    retry(job, "each[0]")
    assert "then[0]" not in statuses(job)
    finish()
    assert by_key(job, "then").output == ["then[0]", "then[1]"]
    assert (fresh(job).status, misreplayed(job)) == ("completed", [])


def test_a_report_on_a_removed_instance_comes_too_late() -> None:
    job = listed([1, 2], mapped(max_retries=0))
    first, second = claim()
    report(first, Outcome.FAILED, final=True)
    report(second, Outcome.CANCELLED)
    retry(job, "list")
    assert report(second, output=1).stale


def test_a_map_without_a_list_fails_again_at_once() -> None:
    job = listed("no list")
    control.retry(job.id, SYSTEM)
    assert (fresh(job).status, statuses(job)["each"]) == ("failed", "failed")
    assert statuses(job)["end"] == "skipped"
    assert misreplayed(job) == []


def test_a_failed_optional_map_may_be_tried_alone() -> None:
    job = make_job(task("list"), task("bad", max_retries=0), mapped(required=False))
    run_all({"bad": Outcome.FAILED})
    retry(job, "each")
    assert (fresh(job).status, statuses(job)["each"]) == ("failed", "failed")


def test_a_map_that_failed_goes_on_with_a_list_from_another_config() -> None:
    job = listed("no list")
    retry(job, "list", {"count": 2})
    report(claim()[0], output=[1, 2])
    finish()
    assert fresh(job).status == "completed"


def test_a_map_that_failed_may_be_allowed_more(settings: LazySettings) -> None:
    settings.CONSOLE_MAX_TASKS = 4
    job = listed([1, 2])
    settings.CONSOLE_MAX_TASKS = 5
    control.retry(job.id, SYSTEM)
    assert statuses(job)["each[1]"] == "ready"
    assert misreplayed(job) == []


def test_an_instance_keeps_its_item_under_a_new_config() -> None:
    job = failed_at_the_end()
    retry(job, "each[2]", {"model": "large"})
    assert by_key(job, "each[2]").config == {"item": 2, "model": "large"}


def test_an_instance_may_be_given_another_item() -> None:
    job = failed_at_the_end()
    retry(job, "each[2]", {"item": "new"})
    assert by_key(job, "each[2]").config == {"item": "new"}


def test_a_new_config_of_a_map_reaches_the_instances_that_run_again() -> None:
    job = failed_at_the_end()
    retry(job, "each", {"model": "large"})
    assert by_key(job, "each").config == {"model": "large"}
    assert by_key(job, "each[1]").config == {"item": 1, "model": "large"}


def test_a_new_config_that_is_too_large_for_all_instances_is_refused(
    settings: LazySettings,
) -> None:
    job = failed_at_the_end()
    settings.CONSOLE_MAX_MAP_BYTES = 3 * 20
    with pytest.raises(ValidationError, match="the 3 instances would have more than 60 bytes"):
        retry(job, "each", {"model": "a" * 20})
    assert fresh(job).status == "failed"


def test_a_cancelled_job_takes_up_its_map_again() -> None:
    job = listed([1, 2, 3])
    report(claim(limit=1)[0], output="first", output_bytes=7)
    control.cancel(job.id, SYSTEM)
    control.retry(job.id, SYSTEM)
    finish()
    assert by_key(job, "each").output == ["first", "each[1]", "each[2]"]
    assert (fresh(job).status, misreplayed(job)) == ("completed", [])

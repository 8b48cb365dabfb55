"""Tasks mapped over another's output: expanded, gathered, refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from uuid_utils.compat import uuid7

from apps.jobs.models import Job
from apps.jobs.transitions import Change
from apps.tasks import control, mapping, transitions
from apps.tasks.engines.staging import Stage
from apps.tasks.models import Task
from apps.tasks.settle import LeftFile, Outcome, Report, settle
from apps.tasks.status import MOVES, TaskStatus
from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from tests.console.answers import body, get
from tests.factories import key_client
from tests.tasks.jobs import by_key, claim, fresh, make_job, report, run_all, statuses, task
from tests.tasks.maps import finish, listed, mapped, misreplayed

pytestmark = pytest.mark.django_db


def outputs(job: Job, key: str = "each") -> object:
    return by_key(job, key).output


def error_of(job: Job, key: str = "each") -> str:
    failed = by_key(job, key)
    assert (failed.status, failed.error_code) == ("failed", "map")
    return str(failed.error)


# Expanding and gathering -------------------------------------------------------------------------


def test_a_map_gets_one_ready_instance_for_each_element() -> None:
    job = listed({"a": {"b": ["x", "y"]}}, mapped(path="a.b", config={"n": 1}))
    first, second = Task.objects.filter(job=job, mapped_from__key="each").order_by("map_index")
    assert [(one.key, one.status, one.config) for one in (first, second)] == [
        ("each[0]", "ready", {"n": 1, "item": "x"}),
        ("each[1]", "ready", {"n": 1, "item": "y"}),
    ]
    assert (by_key(job, "each").status, by_key(job, "each").remaining) == ("pending", 2)


def test_instances_are_like_their_template() -> None:
    more: Any = {"priority": 7, "max_retries": 5, "timeout_seconds": 3}
    job = listed([1], mapped(stage="cut", required=False, **more))
    template, instance = by_key(job, "each"), by_key(job, "each[0]")
    for name in ("engine_id", "stage", "position", "tenant_id", "required", *more):
        assert getattr(instance, name) == getattr(template, name), name


def test_the_template_completes_with_the_outputs_in_order() -> None:
    job = listed(["x", "y", "z"])
    for held in reversed(claim()):
        report(held, output=held.config["item"] * 2, output_bytes=4)
    assert outputs(job) == ["xx", "yy", "zz"]
    assert by_key(job, "each").output_bytes == 3 * 6 + 2


def test_what_follows_waits_for_all_instances() -> None:
    job = listed([1, 2])
    first, second = claim()
    report(first)
    assert statuses(job)["end"] == "pending"
    assert report(second).ready == {"test.a": 1}
    assert statuses(job)["end"] == "ready"


def test_instances_take_the_inputs_of_their_template() -> None:
    others = ["c", "a", "b"]
    job = make_job(*map(task, sorted(others)), task("list"), mapped(after=others))
    for held in claim():
        report(held, output=[1])
    needed = by_key(job, "each[0]").dependencies.order_by("id")
    assert list(needed.values_list("depends_on__key", flat=True)) == [*others, "list"]
    assert misreplayed(job) == []


def test_a_map_waits_for_everything_else_it_depends_on() -> None:
    job = make_job(task("other"), task("list"), mapped(after=["other"]))
    held = {one.key: one for one in claim()}
    report(held["list"], output=[1])
    assert "each[0]" not in statuses(job)
    report(held["other"])
    assert statuses(job)["each[0]"] == "ready"


def test_an_empty_list_completes_the_map_at_once() -> None:
    job = listed([])
    assert (by_key(job, "each").status, outputs(job)) == ("completed", [])
    assert statuses(job)["end"] == "ready"
    assert fresh(job).total_tasks == 3


def test_a_chain_of_empty_maps_ends_with_the_first() -> None:
    job = listed([], mapped(), mapped("then", "each"))
    assert fresh(job).status == "completed"
    assert job_result(job) == {"then": []}


def test_a_map_may_be_over_the_outputs_of_a_map() -> None:
    job = listed([1, 2], mapped(), mapped("then", "each"), task("end", "then"))
    finish()
    assert by_key(job, "then[1]").config["item"] == "each[1]"
    assert outputs(job, "then") == ["then[0]", "then[1]"]
    assert fresh(job).status == "completed"


def test_what_follows_is_given_the_list_and_the_files_of_the_instances() -> None:
    job = listed([1, 2], mapped(), task("end", "each"))
    for held in claim():
        path = default_storage.save(held.key, ContentFile(b"text"))
        left = LeftFile(uuid7(), "left.txt", path, 4, "0" * 64)
        report(held, output=held.config["item"], files=(left,))
    (end,) = claim()
    document = Stage().documents([end])[by_key(job, "end").id]
    assert document.inputs == {"each": [1, 2]}
    assert {key: [file.name for file in left] for key, left in document.input_files.items()} == {
        "each[0]": ["left.txt"], "each[1]": ["left.txt"],
    }  # fmt: skip


def test_one_list_may_be_mapped_twice() -> None:
    job = listed([1, 2], mapped("left"), mapped("right"), task("end", "left", "right"))
    finish()
    assert (fresh(job).status, fresh(job).completed_tasks) == ("completed", 8)


def test_the_result_of_a_job_that_ends_in_a_map_is_its_list() -> None:
    job = listed([1, 2], mapped())
    finish()
    assert job_result(job) == {"each": ["each[0]", "each[1]"]}


def job_result(job: Job) -> object:
    return body(get(key_client(job.tenant), f"jobs/{job.id}"))["result"]


def test_lists_show_instances_after_their_template() -> None:
    job = listed([1, 2], task("other", "list"), mapped(), task("end", "each"))
    rows = body(get(key_client(job.tenant), f"jobs/{job.id}/tasks"))["tasks"]
    assert [row["key"] for row in rows] == ["list", "other", "each", "each[0]", "each[1]", "end"]
    template, first = rows[2], rows[3]
    assert template["map"] == {"over": "list", "path": "", "max": 1000}
    assert (first["mapped_from"], first["map_index"], first["map"]) == (template["id"], 0, None)
    assert set(template["dependencies"]) == {rows[0]["id"], first["id"], rows[4]["id"]}


def test_the_job_counts_its_instances() -> None:
    job = listed([1, 2, 3])
    assert (fresh(job).total_tasks, fresh(job).ready_tasks, fresh(job).pending_tasks) == (6, 3, 2)


def test_two_lists_that_end_together_expand_together() -> None:
    job = make_job(task("list"), task("more"), mapped(), mapped("also", "more"))
    settle(
        [
            Report(one.task_id, one.job_id, one.attempt, Outcome.COMPLETED, output=[1, 2])
            for one in claim()
        ]
    )
    assert fresh(job).ready_tasks == 4
    assert misreplayed(job) == []


# What goes wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (None, "nothing"),
        ({"x": 1}, "nothing"),
        ({"segments": {}}, "an object"),
        ({"segments": "abc"}, "a text"),
        ({"segments": 7}, "a number"),
        ({"segments": True}, "true or false"),
        ([[1]], "nothing"),
    ],
)
def test_what_is_no_list_fails_the_map_for_good(output: object, found: str) -> None:
    job = listed(output, mapped(path="segments"))
    sentence = f'There is no list at "segments" in the output of "list": found {found}.'
    assert error_of(job) == sentence
    assert (fresh(job).status, fresh(job).error) == ("failed", f"Task each failed: {sentence}")


def test_an_output_that_is_no_list_fails_a_map_without_a_path() -> None:
    sentence = 'There is no list in place of the output of "list": found a number.'
    assert error_of(listed(1)) == sentence


def test_more_elements_than_the_map_allows_fail_it() -> None:
    job = listed([0] * 1001, mapped(max=1000), task("end", "each"))
    assert error_of(job) == (
        'The list in place of the output of "list" has 1,001 elements; at most 1,000 are allowed '
        "by this map."
    )
    assert statuses(job)["end"] == "skipped"


@pytest.mark.parametrize(
    ("setting", "limit", "sentence"),
    [
        ("CONSOLE_MAX_TASKS", 5, "the job would have 6 tasks; at most 5 are allowed"),
        ("CONSOLE_MAX_EDGES", 7, "the job would have 8 dependencies; at most 7 are allowed"),
        ("CONSOLE_MAX_MAP_BYTES", 36, "37 bytes of config in its instances; at most 36"),
    ],
)
def test_a_map_keeps_the_job_within_its_limits(
    settings: LazySettings, setting: str, limit: int, sentence: str
) -> None:
    setattr(settings, setting, limit)
    job = listed([1, 2, 3], mapped(config={}), task("end", "each"))
    assert sentence in error_of(job)
    assert fresh(job).total_tasks == 3


def test_outputs_that_are_too_large_together_fail_the_map(settings: LazySettings) -> None:
    job = listed([1, 2])
    settings.CONSOLE_MAX_MAP_BYTES = 20
    finish()
    assert error_of(job) == (
        'The outputs of the 2 instances of "each" have 22 bytes together; at most 20 are allowed.'
    )
    assert fresh(job).status == "failed"


def test_an_optional_map_that_fails_blocks_nobody() -> None:
    job = listed("no list", mapped(required=False), task("end", "each"))
    assert error_of(job)
    finish()
    assert statuses(job) == {"list": "completed", "each": "failed", "end": "completed"}
    assert (fresh(job).status, outputs(job)) == ("completed", None)


def test_an_optional_list_that_failed_fails_the_map() -> None:
    job = make_job(task("list", required=False), mapped(required=False))
    run_all({"list": Outcome.FAILED})
    assert error_of(job) == '"list" is failed, so there is no list to map over.'


def test_a_failed_instance_of_an_optional_map_is_null_in_the_list() -> None:
    job = listed([1, 2, 3], mapped(required=False), task("end", "each"))
    finish(each_1=Outcome.FAILED)
    assert outputs(job) == ["each[0]", None, "each[2]"]
    assert fresh(job).status == "completed"


def test_a_failed_instance_fails_the_job() -> None:
    job = listed([1, 2])
    finish(each_0=Outcome.FAILED)
    assert fresh(job).error == "Task each[0] failed: told to"
    assert statuses(job)["each"] == "skipped"


def test_an_instance_is_retried_like_any_task() -> None:
    job = listed([1])
    (held,) = claim()
    report(held, Outcome.FAILED, error="no")
    assert (by_key(job, "each[0]").status, by_key(job, "each").status) == ("pending", "pending")
    assert by_key(job, "each[0]").retry_at is not None


def test_a_cancel_stops_template_and_instances() -> None:
    job = listed([1, 2])
    assert control.cancel(job.id, SYSTEM).status == "cancelled"
    assert set(statuses(job).values()) == {"completed", "cancelled"}
    assert misreplayed(job) == []


@pytest.mark.parametrize("source", list(TaskStatus))
def test_only_a_pending_template_is_advanced(source: TaskStatus) -> None:
    job = make_job(task("list"), mapped())
    Task.objects.filter(key="list").update(status="completed", output=[])
    template = by_key(job, "each")
    Task.objects.filter(id=template.id).update(status=source, remaining=0)
    change = Change(fresh(job), database_now())
    moved = mapping.advance(change, [template.id]).ended
    assert bool(moved) is (source in MOVES[TaskStatus.COMPLETED] - {TaskStatus.RUNNING})
    assert by_key(job, "each").status == ("completed" if moved else source)


def test_a_template_is_never_ready() -> None:
    job = make_job(task("list"), mapped())
    Task.objects.update(status="pending", remaining=0)
    readied = transitions.make_ready(Change(fresh(job), database_now()), Task.objects.all())
    assert [task_id for task_id, _ in readied] == [by_key(job, "list").id]

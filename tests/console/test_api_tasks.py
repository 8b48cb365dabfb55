"""The tasks of a job over HTTP: list, detail, retry, logs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from uuid_utils.compat import uuid7

from apps.jobs.models import Job
from apps.tasks.logs import LogBuffer
from apps.tasks.models import Task
from apps.tasks.settle import LeftFile, Outcome
from apps.tasks.sweep import ready_due_retries
from apps.tenants.clock import database_now
from tests.console.answers import body, errors, get, post
from tests.tasks.jobs import by_key, claim, fresh, make_job, report, run_all, task

pytestmark = pytest.mark.django_db

TASK = {
    "id", "key", "stage", "engine_id", "status", "dependencies", "required", "ready_at",
    "started_at", "completed_at", "wait_ms", "duration_ms", "attempt", "failures", "max_retries",
    "retry_at", "worker", "progress", "gpu_memory_peak_mb", "error", "error_code", "reason", "seq",
    "map", "mapped_from", "map_index",
}  # fmt: skip
DETAIL = TASK | {"config", "inputs", "inputs_too_large", "output", "files", "attempts", "cancel"}
ATTEMPT = {
    "number", "worker", "started_at", "ended_at", "outcome", "error", "error_code",
    "gpu_memory_peak_mb", "gpu_seconds", "cards", "autopsy",
}  # fmt: skip


def rows(client: Client, job: Job) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in body(get(client, f"jobs/{job.id}/tasks"))["tasks"]}


def detail(client: Client, wanted: Task) -> Any:
    return body(get(client, f"jobs/{wanted.job_id}/tasks/{wanted.id}"))


def test_a_list_has_every_task_in_order_with_its_edges(acme: Client) -> None:
    job = make_job(task("a"), task("c", "a"), task("b", "c", "a", stage="say"))
    answer = body(get(acme, f"jobs/{job.id}/tasks"))
    assert (answer["job_id"], answer["seq"]) == (str(job.id), 1)
    first, second, third = answer["tasks"]
    assert set(first) == TASK
    assert [row["key"] for row in answer["tasks"]] == ["a", "c", "b"]
    assert third["dependencies"] == [second["id"], first["id"]]
    assert (first["status"], third["status"], third["stage"]) == ("ready", "pending", "say")


def test_waits_and_durations_follow_the_status(acme: Client) -> None:
    job = make_job(task("done"), task("next", "done"), task("last", "next"))
    report(claim(limit=1)[0])
    tasks = rows(acme, job)
    times = {
        key: [row["wait_ms"] is None, row["duration_ms"] is None] for key, row in tasks.items()
    }
    assert times == {"done": [False, False], "next": [False, True], "last": [True, True]}


def test_the_worker_of_the_current_attempt_stays_named(acme: Client) -> None:
    job = make_job(task("a"), task("b"))
    report(claim()[0])
    workers = {key: row["worker"] for key, row in rows(acme, job).items()}
    assert workers == {"a": "w1", "b": "w1"}


def test_errors_show_on_failed_tasks_only(acme: Client) -> None:
    job = make_job(task("again", required=False), task("bad", max_retries=0))
    for held in claim():
        report(held, Outcome.FAILED, error="boom", error_code="exit_3")
    tasks = rows(acme, job)
    assert (tasks["bad"]["error"], tasks["bad"]["error_code"]) == ("boom", "exit_3")
    assert (tasks["again"]["error"], tasks["again"]["error_code"]) == (None, None)


@pytest.mark.parametrize("number", [1, 50])
def test_a_list_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    job = make_job(task("root"), *(task(str(n), "root") for n in range(number)))
    run_all()
    with django_assert_max_num_queries(6):
        assert len(rows(acme, job)) == number + 1


# One task ----------------------------------------------------------------------------------------


def test_a_task_on_its_own_shows_what_went_in_and_out(acme: Client) -> None:
    job = make_job(task("a"), task("opt", required=False, max_retries=0),
                   task("b", "a", "opt", config={"x": 1}))  # fmt: skip
    for held in claim():
        outcome = Outcome.COMPLETED if held.key == "a" else Outcome.FAILED
        report(held, outcome, output={"of": "a"}, output_bytes=9)
    left = LeftFile(uuid7(), "b.srt", "p", 3, "f" * 64)
    report(claim()[0], output=[1], output_bytes=3, files=(left,))
    answer = detail(acme, by_key(job, "b"))
    assert set(answer) == DETAIL
    assert answer["inputs"] == {"a": {"of": "a"}, "opt": None}
    assert (answer["config"], answer["output"]) == ({"x": 1}, [1])
    assert answer["files"] == [
        {"id": str(left.id), "name": "b.srt", "size_bytes": 3, "sha256": "f" * 64}
    ]


def test_attempts_are_listed_in_order(acme: Client) -> None:
    job = make_job(task("a"))
    report(claim()[0], Outcome.FAILED, error="boom", error_code="exit_1")
    Task.objects.update(retry_at=database_now())
    ready_due_retries()
    report(claim()[0])
    attempts = detail(acme, by_key(job, "a"))["attempts"]
    assert set(attempts[0]) == ATTEMPT
    assert [(row["number"], row["outcome"], row["error"]) for row in attempts] == [
        (1, "failed", "boom"),
        (2, "completed", None),
    ]


def test_inputs_that_are_too_large_together_are_left_out(acme: Client) -> None:
    job = make_job(task("a"), task("b"), task("c", "a", "b"))
    for held in claim():
        report(held, output="x", output_bytes=600_000)
    answer = detail(acme, by_key(job, "c"))
    assert (answer["inputs"], answer["inputs_too_large"]) == (None, True)


def test_a_task_is_not_found_under_another_job(acme: Client) -> None:
    one, other = make_job(), make_job()
    path = f"tasks/{by_key(one, 'only').id}"
    assert get(acme, f"jobs/{one.id}/{path}").status_code == 200
    assert get(acme, f"jobs/{other.id}/{path}").status_code == 404


@pytest.mark.parametrize("number", [1, 50])
def test_a_task_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    job = make_job(*(task(str(n)) for n in range(number)), task("x", *map(str, range(number))))
    wanted = by_key(job, "x")
    with django_assert_max_num_queries(9):
        assert len(detail(acme, wanted)["inputs"]) == number


# Retry -------------------------------------------------------------------------------------------


def test_one_task_is_retried_with_another_config(acme: Client) -> None:
    job = make_job(task("a", max_retries=0), task("b", "a"))
    run_all({"a": Outcome.FAILED})
    path = f"jobs/{job.id}/tasks/{by_key(job, 'a').id}/retry"
    answer = body(post(acme, path, {"config": {"gentle": True}}))
    assert (answer["status"], answer["config"]) == ("ready", {"gentle": True})
    assert fresh(job).status == "pending"


@pytest.mark.parametrize(
    ("data", "attr"), [({"config": []}, "config"), ({"configs": {}}, "configs")]
)
def test_a_retry_with_a_bad_body_is_refused(acme: Client, data: Any, attr: str) -> None:
    job = make_job(task("a", max_retries=0))
    run_all({"a": Outcome.FAILED})
    answer = post(acme, f"jobs/{job.id}/tasks/{by_key(job, 'a').id}/retry", data)
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, attr)


def test_a_task_of_a_job_that_goes_on_is_not_retried(acme: Client) -> None:
    job = make_job()
    answer = post(acme, f"jobs/{job.id}/tasks/{by_key(job, 'only').id}/retry")
    assert (answer.status_code, errors(answer)[0]["code"]) == (409, "invalid_transition")


# Logs --------------------------------------------------------------------------------------------


def write(wanted: Task, attempt: int, *lines: str, level: str = "info") -> None:
    log = LogBuffer(wanted.id, attempt)
    for line in lines:
        log.add(line, level)
    log.store()


def lines(client: Client, path: str) -> list[str]:
    return [line["text"] for line in body(get(client, path))["lines"]]


def test_a_log_is_read_forwards_from_the_end_and_filtered(acme: Client) -> None:
    job = make_job()
    wanted = by_key(job, "only")
    Task.objects.update(attempt=2)
    write(wanted, 1, "old")
    write(wanted, 2, "one", "two", "three")
    path = f"jobs/{job.id}/tasks/{wanted.id}/logs"
    assert lines(acme, path) == ["one", "two", "three"]
    assert lines(acme, f"{path}?attempt=1") == ["old"]
    assert lines(acme, f"{path}?after=1") == ["two", "three"]
    assert lines(acme, f"{path}?before=3&after=1") == ["two"]
    assert lines(acme, f"{path}?tail=1") == ["three"]
    assert lines(acme, f"{path}?q=TH") == ["three"]
    assert lines(acme, f"{path}?level=error") == []
    page = body(get(acme, path))
    assert set(page["lines"][0]) == {"n", "at", "level", "text"}
    assert (page["previous"], page["next"]) == (1, 3)


def test_the_log_of_a_job_tells_the_tasks_apart(acme: Client) -> None:
    job = make_job(task("a"), task("b"))
    for key in ("a", "b"):
        write(by_key(job, key), 1, f"from {key}")
    page = body(get(acme, f"jobs/{job.id}/logs"))
    assert [(line["key"], line["text"]) for line in page["lines"]] == [
        ("a", "from a"),
        ("b", "from b"),
    ]
    assert lines(acme, f"jobs/{job.id}/logs?after={page['next']}") == []


def test_the_log_of_a_job_is_read_by_attempt_from_the_end_and_between_places(acme: Client) -> None:
    job = make_job(task("a"), task("b"))
    for key in ("a", "b"):
        write(by_key(job, key), 1, f"{key}1")
    write(by_key(job, "b"), 2, "b2", "b3")
    path = f"jobs/{job.id}/logs"
    page = body(get(acme, path))
    assert lines(acme, f"{path}?attempt=2") == ["b2", "b3"]
    assert lines(acme, f"{path}?attempt=2&level=error") == []
    assert lines(acme, f"{path}?tail=2") == ["b2", "b3"]
    assert lines(acme, f"{path}?before={page['next']}&tail=2") == ["b1", "b2"]
    assert lines(acme, f"{path}?after={page['previous']}&before={page['next']}") == ["b1", "b2"]


def test_lines_that_were_dropped_are_told_in_both_logs(acme: Client, settings: Any) -> None:
    settings.CONSOLE_LOG_LINES = 2
    job = make_job()
    write(by_key(job, "only"), 1, *"abcdef")
    for path in (f"jobs/{job.id}/logs", f"jobs/{job.id}/tasks/{by_key(job, 'only').id}/logs"):
        assert lines(acme, f"{path}?attempt=1") == ["a", "4 lines dropped", "f"]
        (line,) = body(get(acme, f"{path}?attempt=1&q=dropped"))["lines"]
        assert (line["n"], line["level"], line["dropped"]) == (5, "warning", 4)


@pytest.mark.parametrize(
    ("query", "attr"),
    [("attempt=0", "attempt"), ("tail=0", "tail"), ("tail=1001", "tail"), ("before=5", "before")],
)
def test_a_query_of_a_jobs_log_that_makes_no_sense_is_refused(
    acme: Client, query: str, attr: str
) -> None:
    answer = get(acme, f"jobs/{make_job().id}/logs?{query}")
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, attr)


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("attempt=0", "attempt"),
        ("after=-1", "after"),
        ("before=0", "before"),
        ("tail=1001", "tail"),
        ("tail=x", "tail"),
        ("level=loud", "level"),
        (f"q={'x' * 65}", "q"),
        ("lines=3", "lines"),
    ],
)
def test_a_log_query_that_makes_no_sense_is_refused(acme: Client, query: str, attr: str) -> None:
    job = make_job()
    answer = get(acme, f"jobs/{job.id}/tasks/{by_key(job, 'only').id}/logs?{query}")
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, attr)


@pytest.mark.parametrize("after", ["7", "2026-13-01T00:00:00.000000Z", "x" * 101])
def test_a_place_in_a_jobs_log_that_we_did_not_give_is_refused(acme: Client, after: str) -> None:
    suffix = f"/{uuid7()}/000001/000000001" if after.endswith("Z") else ""
    answer = get(acme, f"jobs/{make_job().id}/logs?after={after}{suffix}")
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "after")

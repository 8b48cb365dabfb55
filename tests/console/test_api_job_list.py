"""The list of jobs: whose, in which order, narrowed how, page by page."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.console.api import pagination
from apps.jobs.models import Job
from tests.console.answers import JOB, body, errors, get, names
from tests.factories import make_tenant, staff_client
from tests.tasks.jobs import make_job, missing, run_all, task

pytestmark = pytest.mark.django_db


def test_a_job_in_the_list_has_the_fields_of_the_contract(acme: Client) -> None:
    job = make_job(name="nightly", labels={"team": "a"}, priority=7)
    (row,) = body(get(acme, "jobs"))["results"]
    assert set(row) == JOB
    assert row["id"] == str(job.id)
    assert (row["tenant"], row["name"], row["pipeline"]) == ("acme", "nightly", None)
    assert (row["status"], row["priority"], row["labels"]) == ("pending", 7, {"team": "a"})
    assert row["progress"] == {
        "total": 1, "pending": 0, "ready": 1, "running": 0, "completed": 0, "failed": 0,
        "skipped": 0, "cancelled": 0,
    }  # fmt: skip
    assert (row["started_at"], row["completed_at"], row["duration_ms"]) == (None, None, None)


def test_times_have_six_decimals_and_a_z(acme: Client) -> None:
    Job.objects.filter(id=make_job().id).update(created_at="2026-01-31T08:00:00Z")
    assert body(get(acme, "jobs"))["results"][0]["created_at"] == "2026-01-31T08:00:00.000000Z"


def test_the_newest_job_stands_first(acme: Client) -> None:
    for name in ("a", "b", "c"):
        make_job(name=name)
    assert names(get(acme, "jobs")) == ["c", "b", "a"]


def test_a_list_holds_the_tenants_own_jobs_only(acme: Client) -> None:
    make_job(tenant=make_tenant("globex"))
    own = make_job(name="own")
    assert names(get(acme, "jobs")) == [own.name]
    assert names(get(acme, "jobs?tenant=globex")) == [own.name]


def test_staff_see_all_tenants_or_one(acme: Client) -> None:
    make_job(name="a", tenant=make_tenant("acme"))
    make_job(name="g", tenant=make_tenant("globex"))
    staff = staff_client()
    assert names(get(staff, "jobs")) == ["g", "a"]
    assert names(get(staff, "jobs?tenant=acme")) == ["a"]


def test_deleted_jobs_are_gone(acme: Client) -> None:
    job = make_job()
    run_all()
    assert acme.delete(f"/api/console/jobs/{job.id}").status_code == 204
    assert body(get(acme, "jobs"))["results"] == []
    missing_one = get(acme, f"jobs/{missing()}")
    for path in ("", "/tasks", "/events", "/logs", f"/tasks/{missing()}"):
        gone = get(acme, f"jobs/{job.id}{path}")
        assert (gone.status_code, gone.content) == (404, missing_one.content)


# Filters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=completed", ["done"]),
        ("status=completed&status=pending", ["fresh", "done"]),
        ("status=failed", []),
        ("q=DO", ["done"]),
        ("q=one", []),
        ("q=%25", []),
        ("engine=test.b", ["fresh"]),
        ("engine=test.slow", []),
        ("pipeline=p", []),
        ("label=team:a", ["fresh", "done"]),
        ("label=team:a&label=site:x:y", ["fresh"]),
        ("label=team:b", []),
        ("created_after=2030-01-01T00:00:00Z", []),
        ("created_before=2030-01-01", ["fresh", "done"]),
    ],
)
def test_a_list_is_narrowed(acme: Client, query: str, found: list[str]) -> None:
    make_job(name="done", labels={"team": "a"})
    run_all()
    make_job(task("t", engine_id="test.b"), name="fresh", labels={"team": "a", "site": "x:y"})
    assert names(get(acme, f"jobs?{query}")) == found


@pytest.mark.parametrize("cut", [1, 8, 12, 36])
def test_a_job_is_found_by_the_beginning_of_its_id(acme: Client, cut: int) -> None:
    job = make_job(name="zz")
    assert names(get(acme, f"jobs?q={str(job.id)[:cut]}")) == ["zz"]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("status=done", "status"),
        ("status=", "status"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("offset=10001", "offset"),
        ("cursor=forged", "cursor"),
        (f"q={'x' * 65}", "q"),
        ("q=%00", "q"),
        ("label=team", "label"),
        ("label=:a", "label"),
        ("label=a:%00", "label"),
        ("created_after=yesterday", "created_after"),
        ("created_before=1969-01-01", "created_before"),
        ("created_after=9999-12-31T23:59:59-14:00", "created_after"),
        ("colour=red", "colour"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(acme: Client, query: str, attr: str) -> None:
    answer = get(acme, f"jobs?{query}")
    assert answer.status_code == 400
    assert [error["attr"].split(".")[0] for error in errors(answer)] == [attr]


# Pages -------------------------------------------------------------------------------------------


def page_through(client: Client, path: str, way: str = "next") -> list[list[str]]:
    pages = []
    link: str | None = f"/api/console/{path}"
    while link:
        answer = body(client.get(link))
        pages.append([row["name"] for row in answer["results"]])
        link = answer[way]
    return pages


def test_pages_follow_each_other_in_both_directions(acme: Client) -> None:
    for name in "abcde":
        make_job(name=name)
    assert page_through(acme, "jobs?limit=2&status=pending") == [["e", "d"], ["c", "b"], ["a"]]
    last = body(get(acme, "jobs?limit=2&offset=4"))
    assert last["next"] is None
    path = last["previous"].removeprefix("/api/console/")
    assert page_through(acme, path, "previous") == [["c", "b"], ["e", "d"]]


def test_a_page_does_not_shift_when_a_job_arrives(acme: Client) -> None:
    for name in "abc":
        make_job(name=name)
    link = body(get(acme, "jobs?limit=1"))["next"]
    make_job(name="d")
    assert names(acme.get(link)) == ["b"]


def test_an_offset_and_a_cursor_do_not_go_together(acme: Client) -> None:
    for name in "ab":
        make_job(name=name)
    link = body(get(acme, "jobs?limit=1"))["next"]
    assert acme.get(f"{link}&offset=1").status_code == 400


def test_the_count_is_left_out_where_it_would_scan(acme: Client) -> None:
    make_job()
    counts = [
        (page["count"], page["count_capped"])
        for page in (body(get(acme, f"jobs?{query}")) for query in ("", "status=pending", "q=j"))
    ]
    assert counts == [(1, False), (1, False), (None, False)]


def test_a_large_count_stops(acme: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MOST_COUNTED", 2)
    for number, count in ((1, (1, False)), (2, (2, False)), (3, (2, True))):
        make_job(name=str(number))
        page = body(get(acme, "jobs?limit=1"))
        assert (page["count"], page["count_capped"]) == count


@pytest.mark.parametrize("number", [1, 50])
@pytest.mark.parametrize("path", ["jobs?limit=200", "jobs?limit=200&label=a:b&engine=test.a"])
def test_a_list_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int, path: str
) -> None:
    for _ in range(number):
        make_job(labels={"a": "b", "c": "d"})
    with django_assert_max_num_queries(4):
        assert len(body(get(acme, path))["results"]) == number

"""Many jobs at once, over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from uuid_utils.compat import uuid7

from apps.jobs.models import BulkAction, BulkItem, Job
from apps.jobs.status import BulkVerb
from apps.tasks import bulk
from apps.tasks.settle import Outcome
from apps.tenants.audit import SYSTEM
from tests.console.answers import body, errors, get, post
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import claim, fresh, make_job, missing, report, run_all, task

pytestmark = pytest.mark.django_db


def ask(client: Client, action: str, query: str = "", **of: Any) -> Any:
    return post(client, f"jobs/bulk{query}", {"action": action, **of})


def frozen(answer: Any) -> set[str]:
    """The names of the jobs it is about."""
    items = BulkItem.objects.filter(bulk_id=body(answer)["id"])
    return set(Job.objects.filter(id__in=items.values("job_id")).values_list("name", flat=True))


def finished(client: Client, answer: Any) -> Any:
    bulk.work_off(60)
    return body(get(client, f"jobs/bulk/{body(answer)['id']}"))


def test_it_is_accepted_with_the_number_of_jobs(acme: Client) -> None:
    ids = [str(make_job().id) for _ in range(3)]
    answer = ask(acme, "cancel", ids=[*ids, ids[0].upper()])
    assert (answer.status_code, set(body(answer))) == (202, {"id", "total"})
    assert body(answer)["total"] == 3


def test_the_progress_tells_how_each_job_fared(acme: Client) -> None:
    done, ended, gone = make_job(task("a", engine_id="test.b")), make_job(), missing()
    run_all()
    answer = ask(acme, "cancel", ids=[str(done.id), str(ended.id), str(gone)])
    progress = finished(acme, answer)
    assert set(progress) == {
        "id", "action", "actor", "created_at", "completed_at", "total", "done", "succeeded",
        "failed", "pending", "items", "next",
    }  # fmt: skip
    counts = {name: progress[name] for name in ("total", "done", "succeeded", "failed", "pending")}
    assert counts == {"total": 3, "done": 3, "succeeded": 1, "failed": 2, "pending": 0}
    fared = {item["job_id"]: (item["result"], item["detail"]) for item in progress["items"]}
    assert fared == {
        str(done.id): ("done", None),
        str(ended.id): ("refused", "A job that is completed cannot become cancelling."),
        str(gone): ("gone", None),
    }


def test_before_its_turn_a_job_has_no_result(acme: Client) -> None:
    answer = ask(acme, "cancel", ids=[str(make_job().id)])
    progress = body(get(acme, f"jobs/bulk/{body(answer)['id']}"))
    assert (progress["pending"], progress["completed_at"]) == (1, None)
    assert progress["items"][0]["result"] is None


def test_items_come_in_pages_in_the_order_of_the_jobs(acme: Client) -> None:
    ids = [str(make_job().id) for _ in range(5)]
    path = f"jobs/bulk/{body(ask(acme, 'cancel', ids=ids[::-1]))['id']}"
    first = body(get(acme, f"{path}?limit=3"))
    second = body(get(acme, f"{path}?limit=3&after={first['next']}"))
    found = [item["job_id"] for page in (first, second) for item in page["items"]]
    assert (found, second["next"]) == (ids, None)


def test_items_can_be_narrowed_to_a_result(acme: Client) -> None:
    job, gone = make_job(), missing()
    answer = ask(acme, "cancel", ids=[str(job.id), str(gone)])
    finished(acme, answer)
    for result in ("gone", "failed"):
        page = body(get(acme, f"jobs/bulk/{body(answer)['id']}?result={result}"))
        assert ([item["job_id"] for item in page["items"]], page["total"]) == ([str(gone)], 2)


def a_job_of_each_kind() -> None:
    """One that failed with a code, one that is busy and labelled, one that waits."""
    make_job(name="broken")
    report(claim()[0], Outcome.FAILED, error="x", error_code="oom", final=True)
    make_job(task("a", engine_id="test.b"), name="busy", labels={"team": "a"})
    claim(engine="test.b")
    make_job(task("a", engine_id="test.slow"), name="waits")


@pytest.mark.parametrize(("wanted", "names"), [
    ({}, {"broken", "busy", "waits"}),
    ({"status": "failed"}, {"broken"}),
    ({"status": ["failed", "pending"]}, {"broken", "busy", "waits"}),
    ({"q": "b"}, {"broken", "busy"}),
    ({"q": "b", "error_code": "oom"}, {"broken"}),
    ({"error_code": "lost"}, set()),
    ({"engine": "test.slow"}, {"waits"}),
    ({"label": ["team:a"]}, {"busy"}),
    ({"pipeline": "p"}, set()),
    ({"created_after": "2100-01-01T00:00:00Z"}, set()),
    ({"created_before": "2100-01-01T00:00:00Z"}, {"broken", "busy", "waits"}),
])  # fmt: skip
def test_a_filter_finds_what_the_list_finds(
    acme: Client, wanted: dict[str, Any], names: set[str]
) -> None:
    a_job_of_each_kind()
    make_job(name="theirs", tenant=make_tenant("globex"))
    assert frozen(ask(acme, "cancel", filter=wanted)) == names
    listed = acme.get("/api/console/jobs", wanted)
    assert {row["name"] for row in body(listed)["results"]} == names


def test_a_job_that_comes_later_is_not_touched(acme: Client) -> None:
    answer = ask(acme, "cancel", filter={})
    later = make_job()
    finished(acme, answer)
    assert fresh(later).status == "pending"


@pytest.mark.parametrize(("of", "attr"), [
    ({}, "ids"),
    ({"ids": [], "filter": {}}, "ids"),
    ({"ids": []}, "ids"),
    ({"ids": "all"}, "ids"),
    ({"ids": ["x"]}, "ids"),
    ({"ids": [7]}, "ids"),
    ({"ids": [str(uuid7())] * 10_001}, "ids"),
    ({"filter": []}, "filter"),
    ({"filter": {"colour": "red"}}, "filter.colour"),
    ({"filter": {"tenant": "globex"}}, "filter.tenant"),
    ({"filter": {"limit": "1"}}, "filter.limit"),
    ({"filter": {"status": "asleep"}}, "filter.status"),
    ({"filter": {"status": 7}}, "filter.status"),
    ({"filter": {"q": ["a", "b"]}}, "filter.q"),
    ({"filter": {"label": "nonsense"}}, "filter.label"),
    ({"filter": {"created_after": "soon"}}, "filter.created_after"),
    ({"filter": {}, "force": True}, "force"),
])  # fmt: skip
def test_nonsense_is_refused_by_name(acme: Client, of: dict[str, Any], attr: str) -> None:
    answer = ask(acme, "cancel", **of)
    assert answer.status_code == 400
    assert errors(answer)[0]["attr"].split(".")[: attr.count(".") + 1] == attr.split(".")
    assert not BulkAction.objects.exists()


def test_an_unknown_action_is_refused(acme: Client) -> None:
    answer = ask(acme, "explode", filter={})
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "action")


def test_a_filter_that_finds_too_many_is_refused(acme: Client, settings: Any) -> None:
    settings.CONSOLE_MAX_BULK = 2
    for _ in range(3):
        make_job()
    answer = ask(acme, "delete", filter={})
    problem = {"code": "too_many", "detail": "It finds more than 2 jobs: narrow it."}
    assert (answer.status_code, errors(answer)) == (400, [{**problem, "attr": "filter"}])


def test_a_filter_that_finds_nothing_is_done_at_once(acme: Client) -> None:
    answer = ask(acme, "delete", filter={"status": "failed"})
    assert body(answer)["total"] == 0
    assert body(get(acme, f"jobs/bulk/{body(answer)['id']}"))["completed_at"] is not None


def test_staff_reach_all_tenants_or_the_one_they_chose() -> None:
    ids = [make_job(name=slug, tenant=make_tenant(slug)).id for slug in ("acme", "globex")]
    staff = staff_client()
    assert frozen(ask(staff, "cancel", filter={})) == {"acme", "globex"}
    assert frozen(ask(staff, "cancel", "?tenant=acme", filter={})) == {"acme"}
    chosen = ask(staff, "cancel", "?tenant=acme", ids=[str(ids[1])])
    BulkAction.objects.exclude(id=body(chosen)["id"]).delete()
    assert finished(staff, chosen)["items"][0]["result"] == "gone"
    assert Job.objects.get(id=ids[1]).status == "pending"


def test_the_tenant_sees_what_staff_did_for_it_and_no_name(acme: Client) -> None:
    answer = ask(staff_client(), "cancel", "?tenant=acme", ids=[str(make_job().id)])
    assert finished(acme, answer)["actor"] == "staff"


def test_anothers_action_is_not_there(acme: Client) -> None:
    globex = key_client(make_tenant("globex"))
    answer = ask(globex, "cancel", filter={})
    assert get(acme, f"jobs/bulk/{body(answer)['id']}").status_code == 404


def test_a_key_that_may_only_read_cannot_ask(acme: Client) -> None:
    reader = key_client(make_tenant("acme"), "jobs:read")
    assert ask(reader, "cancel", filter={}).status_code == 403


@pytest.mark.parametrize("number", [1, 60])
def test_progress_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    ids: list[UUID] = [uuid7() for _ in range(number)]
    action = bulk.start(make_tenant("acme"), BulkVerb.CANCEL, ids, SYSTEM)
    with django_assert_max_num_queries(5):
        assert body(get(acme, f"jobs/bulk/{action.pk}"))["total"] == number

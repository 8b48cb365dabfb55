"""Usage over a span of time: by tenant, engine and label, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.console.api.usage import UsageRowSerializer
from apps.console.usage_rows import UsageRow
from apps.tasks.models import UsageDelta
from apps.tasks.rollups import fold
from apps.tasks.settle import Outcome
from tests.console.answers import body, errors, get
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import make_job, run_all, task

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARCH = "from=2026-03-01&to=2026-04-01"


def ended(slug: str = "acme", number: int = 1, **more: Any) -> None:
    """Tasks that ended in March."""
    tenant = make_tenant(slug).id
    fields = {
        "at": AT, "tenant_id": tenant, "job_id": tenant, "engine_id": "test.a",
        "status": "completed", "wait_ms": 50, "duration_ms": 1000,
    }  # fmt: skip
    UsageDelta.objects.bulk_create(UsageDelta(**(fields | more)) for _ in range(number))


def rows(client: Client, query: str = MARCH) -> Any:
    return body(get(client, f"usage?{query}"))["results"]


def table(client: Client, query: str = MARCH) -> list[dict[str, str]]:
    answer = client.get(f"/api/console/usage?{query}", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_every_field_of_a_row_is_declared() -> None:
    assert set(UsageRowSerializer().fields) == set(UsageRow.__annotations__)


@pytest.mark.parametrize("folded", [True, False])
def test_what_ended_lately_is_there_at_once(acme: Client, folded: bool) -> None:
    make_job(task("a"), task("b"))
    make_job(task("c", max_retries=0))
    run_all({"c": Outcome.FAILED})
    if folded:
        fold()
    answer = body(get(acme, "usage"))
    assert (answer["by"], answer["complete"]) == ("tenant", True)
    (row,) = answer["results"]
    assert set(row) == set(UsageRow.__annotations__)
    assert (row["tenant"], row["jobs"], row["jobs_completed"], row["jobs_failed"]) == (
        "acme", 2, 1, 1,
    )  # fmt: skip
    assert (row["tasks"], row["tasks_completed"], row["tasks_failed"]) == (3, 2, 1)
    assert row["duration_p50_ms"] is not None


def test_figures_are_right_within_their_bound(acme: Client) -> None:
    for number in range(1, 101):
        ended(duration_ms=100 * number, wait_ms=number)
    fold()
    (row,) = rows(acme)
    assert row["task_seconds"] == 505.0
    for name, exact in (("duration_p50_ms", 5000), ("duration_p95_ms", 9500)):
        assert abs(row[name] - exact) <= 0.0443 * exact + 1
    assert abs(row["wait_p95_ms"] - 95) <= 0.0443 * 95 + 1


def test_no_gpu_time_was_used_and_sessions_are_not_known_yet(acme: Client) -> None:
    (row,) = rows(acme)
    assert (row["gpu_seconds"], row["session_minutes"]) == (0.0, None)


def test_a_key_has_its_row_even_where_nothing_ended(acme: Client) -> None:
    ended("globex", 3)
    (row,) = rows(acme)
    assert (row["tenant"], row["jobs"], row["tasks"]) == ("acme", 0, 0)


@pytest.mark.parametrize("by", ["tenant", "engine", "label"])
@pytest.mark.parametrize("folded", [True, False])
def test_what_another_tenant_does_changes_no_byte(acme: Client, by: str, folded: bool) -> None:
    ended(number=2)
    fold()
    before = get(acme, f"usage?{MARCH}&by={by}").content
    job = make_job(tenant=make_tenant("globex"), labels={"team": "a"})
    ended("globex", 3, job_id=job.id)
    if folded:
        fold()
    assert get(acme, f"usage?{MARCH}&by={by}").content == before


def test_staff_see_all_tenants_or_one() -> None:
    ended()
    ended("globex", 2)
    staff = staff_client()
    assert [(row["tenant"], row["tasks"]) for row in rows(staff)] == [("acme", 1), ("globex", 2)]
    assert [row["tenant"] for row in rows(staff, f"{MARCH}&tenant=globex")] == ["globex"]


def test_engines_have_tasks_and_no_jobs(acme: Client) -> None:
    ended()
    ended(engine_id="test.b", number=2)
    ended(engine_id="")
    found = rows(acme, f"{MARCH}&by=engine")
    assert [(row["engine_id"], row["jobs"], row["tasks"]) for row in found] == [
        ("test.a", None, 1), ("test.b", None, 2),
    ]  # fmt: skip


def test_labels_are_written_as_they_are_searched_for(acme: Client) -> None:
    job = make_job(labels={"team": "a"})
    ended(job_id=job.id)
    ended(engine_id="", job_id=job.id)
    fold()
    found = rows(acme, f"{MARCH}&by=label")
    assert [(row["label"], row["jobs"], row["tasks"]) for row in found] == [("team:a", 1, 1)]


def test_the_hours_that_count_are_told(acme: Client) -> None:
    answer = body(get(acme, "usage?from=2026-03-01T10:20:00Z&to=2026-03-01T11:00:01Z"))
    assert (answer["from"], answer["to"]) == (
        "2026-03-01T10:00:00.000000Z", "2026-03-01T12:00:00.000000Z",
    )  # fmt: skip


def test_without_a_span_it_is_the_last_thirty_days(acme: Client) -> None:
    answer = body(get(acme, "usage"))
    span = datetime.fromisoformat(answer["to"]) - datetime.fromisoformat(answer["from"])
    assert timedelta(days=30) <= span <= timedelta(days=30, hours=1)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("from=2026-03-02&to=2026-03-01", "from"),
        ("from=2026-03-01&to=2026-03-01", "from"),
        ("from=2025-01-01&to=2026-03-01", "from"),
        ("from=yesterday", "from"),
        ("to=soon", "to"),
        ("to=9999-12-31T23:59:59Z", "to"),
        ("to=0001-01-01T00:00:00Z", "to"),
        ("from=0001-01-01T00:00:00Z", "from"),
        ("by=colour", "by"),
        ("since=2026-03-01", "since"),
    ],
)
def test_a_span_that_cannot_be_is_refused_by_name(acme: Client, query: str, named: str) -> None:
    answer = get(acme, f"usage?{query}")
    assert answer.status_code == 400
    assert [error["attr"] for error in errors(answer)] == [named]


def test_four_hundred_days_are_not_too_many(acme: Client) -> None:
    assert get(acme, "usage?from=2025-03-01&to=2026-04-05").status_code == 200


def test_csv_has_a_line_for_each_row(acme: Client) -> None:
    ended(number=2)
    (row,) = table(acme)
    assert list(row) == list(UsageRow.__annotations__)
    assert (row["tenant"], row["tasks"], row["gpu_seconds"]) == ("acme", "2", "0.0")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x"])
def test_no_cell_is_taken_for_a_formula(acme: Client, name: str) -> None:
    ended(job_id=make_job(labels={name: "x"}).id)
    (row,) = table(acme, f"{MARCH}&by=label")
    assert row["label"] == f"'{name}:x"


def test_an_error_is_json_even_where_csv_was_asked_for(acme: Client) -> None:
    answer = acme.get("/api/console/usage?by=x", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    assert errors(answer)[0]["attr"] == "by"


def test_usage_needs_its_scope() -> None:
    client = key_client(make_tenant(), "realtime:read")
    assert get(client, "usage").status_code == 403


@pytest.mark.parametrize("by", ["tenant", "engine", "label"])
@pytest.mark.parametrize("number", [1, 30])
def test_usage_takes_a_constant_number_of_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries, number: int, by: str
) -> None:
    for n in range(number):
        ended(f"t{n}", engine_id=f"e{n}", at=AT + timedelta(days=n))
    fold()
    ended()
    staff = staff_client()
    with django_assert_max_num_queries(12):
        assert get(staff, f"usage?{MARCH}&by={by}").status_code == 200

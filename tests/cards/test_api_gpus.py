"""Cards in the API: by machine, and the history of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.tenants.clock import database_now
from apps.workers.card_models import GpuMinute, GpuQuarter
from apps.workers.cards.holders import Holder
from tests.cards.scene import age, card, holding, running, see
from tests.console.answers import body, errors, get
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import make_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return staff_client()


def node(client: Client, path: str = "gpus") -> Any:
    (only,) = body(get(client, path))["nodes"]
    return only


def first(client: Client) -> Any:
    return node(client)["cards"][0]


# By machine --------------------------------------------------------------------------------------


def test_cards_are_listed_by_machine_with_their_latest_sample(staff: Client) -> None:
    see(card(), card("MIG-a", 0, 5, mig_parent="GPU-0"), card("GPU-1", 1, 0), driver_version="550")
    found = node(staff)
    assert (found["node"], found["status"], found["reason"]) == ("node", "ok", None)
    assert (found["driver"], found["driver_version"]) == ("nvml", "550")
    shown = [(one["uuid"], one["used_mb"], one["mig_parent"]) for one in found["cards"]]
    assert shown == [("GPU-0", 1000, None), ("MIG-a", 5, "GPU-0"), ("GPU-1", 0, None)]
    assert 0 <= found["cards"][0]["age_ms"] < 6000
    assert found["cards"][0]["sampled_at"] == found["sampled_at"]


def test_no_card_a_lost_card_and_an_empty_card_never_look_alike(staff: Client) -> None:
    see(card(used_mb=0), card("GPU-1", 1, None, reason="card_lost"))
    see(reason="no_library", node="plain")
    cards, plain = body(get(staff, "gpus"))["nodes"]
    empty, lost = cards["cards"]
    assert (empty["status"], empty["used_mb"], empty["reason"]) == ("ok", 0, None)
    assert (lost["status"], lost["used_mb"], lost["reason"]) == ("lost", None, "card_lost")
    assert (plain["status"], plain["cards"], plain["reason"]) == ("none", [], "no_library")
    assert cards["status"] == "degraded"


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("reset_required", "lost"), ("card_faulty", "lost"), ("no_permission", "unreadable"),
        ("timeout", "unreadable"), ("unknown", "unreadable"), ("not_supported", "ok"),
    ],
)  # fmt: skip
def test_a_cards_status_follows_its_reason(staff: Client, reason: str, status: str) -> None:
    see(card(used_mb=None, reason=reason))
    assert (first(staff)["status"], first(staff)["reason"]) == (status, reason)


def test_a_machine_that_had_cards_and_cannot_be_read_is_degraded(staff: Client) -> None:
    see(card())
    see(reason="no_driver", detail="NVML error 9 in nvmlInit")
    found = node(staff)
    assert (found["status"], found["detail"]) == ("degraded", "NVML error 9 in nvmlInit")
    assert (found["cards"][0]["used_mb"], found["cards"][0]["reason"]) == (None, "no_driver")


def test_an_old_sample_is_not_said_of_now(staff: Client) -> None:
    see(card(), held=[Holder("foreign", 7, 30)])
    age(60)
    found = first(staff)
    assert (found["status"], found["used_mb"], found["holders"]) == ("stale", None, [])
    assert found["age_ms"] >= 60_000


def test_a_retired_card_is_not_listed(staff: Client) -> None:
    see(card())
    see(card("GPU-new"))
    assert first(staff)["uuid"] == "GPU-new"


def test_holders_are_named_the_largest_first(staff: Client) -> None:
    worker = make_worker("w1")
    held = running("acme", worker)
    attempt = Holder("attempt", 77, 300, worker.pk, "test.a", (held.task_id, held.attempt))
    see(card(), held=[Holder("foreign", 7, 30), attempt, Holder("hidden", 8, None)])
    attempt_row, foreign, hidden = first(staff)["holders"]
    assert (attempt_row["tenant"], attempt_row["job_id"], attempt_row["key"]) == (
        "acme", str(held.job_id), "only",
    )  # fmt: skip
    assert (attempt_row["worker"], attempt_row["engine_id"]) == ("w1", "test.a")
    assert (foreign["kind"], foreign["pid"], foreign["tenant"]) == ("foreign", 7, None)
    assert (hidden["kind"], hidden["used_mb"]) == ("hidden", None)


def test_staff_who_choose_a_tenant_see_no_other_tenants_attempt(staff: Client) -> None:
    held = running("globex")
    make_tenant("acme")
    see(card(), held=[holding(held), Holder("foreign", 7, 30)])
    kinds = [one["kind"] for one in node(staff, "gpus?tenant=acme")["cards"][0]["holders"]]
    assert kinds == ["foreign"]
    kinds = [one["kind"] for one in node(staff, "gpus?tenant=globex")["cards"][0]["holders"]]
    assert kinds == ["attempt", "foreign"]


def test_cards_are_for_staff() -> None:
    see(card())
    acme = key_client(make_tenant())
    assert get(acme, "gpus").status_code == 403
    assert get(acme, "gpus/GPU-0/samples").status_code == 403


@pytest.mark.parametrize("number", [1, 20])
def test_the_list_takes_a_constant_number_of_queries(
    staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    held = running()
    for index in range(number):
        see(card(f"GPU-{index}"), held=[holding(held)], node=f"node-{index}")
    with django_assert_max_num_queries(12):
        assert len(body(get(staff, "gpus"))["nodes"]) == number


# History -----------------------------------------------------------------------------------------


def history(client: Client, query: str = "") -> Any:
    return body(get(client, f"gpus/GPU-0/samples{query}"))


def test_history_is_told_sample_by_sample(staff: Client) -> None:
    see(card(used_mb=1))
    see(card(used_mb=None, reason="timeout"))
    found = history(staff)
    assert (found["uuid"], found["driver"], found["step"], found["seconds"]) == (
        "GPU-0", "nvml", "raw", None,
    )  # fmt: skip
    rows = [(row["used_mb"], row["used_peak_mb"], row["reason"]) for row in found["samples"]]
    assert rows == [(1, 1, None), (None, None, "timeout")]


@pytest.mark.parametrize(
    ("step", "model", "seconds"), [("1m", GpuMinute, 60), ("15m", GpuQuarter, 900)]
)
def test_history_is_told_in_averages_and_peaks(
    staff: Client, step: str, model: type[GpuMinute | GpuQuarter], seconds: int
) -> None:
    see(card())
    at = database_now() - timedelta(minutes=30)
    model.objects.create(gpu_id="GPU-0", starts_at=at, samples=2, used_mb=1.5, used_peak_mb=2)
    found = history(staff, f"?step={step}")
    assert found["seconds"] == seconds
    assert [(row["used_mb"], row["used_peak_mb"]) for row in found["samples"]] == [(1.5, 2)]


@pytest.mark.parametrize(("days", "step"), [(0, "raw"), (2, "1m"), (30, "15m")])
def test_history_is_as_fine_as_it_is_kept_for_so_long(staff: Client, days: int, step: str) -> None:
    see(card())
    since = database_now() - timedelta(days=days, minutes=59)
    assert history(staff, f"?since={since:%Y-%m-%dT%H:%M:%SZ}")["step"] == step


@pytest.mark.parametrize(
    ("query", "name"), [("since=soon", "since"), ("since=1900-01-01T00:00:00Z", "since"),
                        ("step=5", "step")],
)  # fmt: skip
def test_a_wrong_question_is_refused_by_name(staff: Client, query: str, name: str) -> None:
    see(card())
    answer = get(staff, f"gpus/GPU-0/samples?{query}")
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, name)


def test_a_card_that_nobody_knows_has_no_history(staff: Client) -> None:
    assert get(staff, "gpus/GPU-9/samples").status_code == 404

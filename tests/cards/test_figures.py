"""What dashboard and metrics say of the cards: to staff and to tenants."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from apps.console.metrics import exposition
from apps.workers.cards.holders import Holder
from apps.workers.transitions import stop, take_tick
from tests.cards.scene import age, card, holding, newest, running, see
from tests.console.answers import body, get
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import make_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return staff_client()


def system(client: Client) -> Any:
    return body(get(client, "dashboard"))["system"]


# The dashboard -----------------------------------------------------------------------------------


def figures(client: Client) -> tuple[int | None, int | None, str | None]:
    said = system(client)
    assert (said["gpu_sampled_at"] is None) == (said["gpu_memory_used_mb"] is None)
    return said["gpu_memory_used_mb"], said["gpu_memory_total_mb"], said["gpu_driver"]


def test_the_dashboard_adds_up_the_real_cards(staff: Client) -> None:
    see(card(), card("MIG-a", 0, 5, mig_parent="GPU-0"), card("GPU-1", 1, 500))
    see(card("GPU-sim"), node="demo", driver="simulated")
    assert figures(staff) == (1500, 16_384, "nvml")


def test_instances_stand_for_a_card_that_does_not_tell(staff: Client) -> None:
    see(card(used_mb=None, reason="not_supported"),
        card("MIG-a", 0, 5, mig_parent="GPU-0", total_mb=10),
        card("MIG-b", 1, 6, mig_parent="GPU-0", total_mb=10))  # fmt: skip
    assert figures(staff) == (11, 20, "nvml")


def test_made_up_cards_are_labelled_where_there_is_no_real_one(staff: Client) -> None:
    see(card(), driver="simulated")
    assert figures(staff) == (1000, 8192, "simulated")


def test_without_a_card_or_a_fresh_sample_there_is_no_figure(staff: Client) -> None:
    assert figures(staff) == (None, None, None)
    assert system(staff)["gpu_status"] == "none"
    see(card())
    assert system(staff)["gpu_status"] == "ok"
    age(60)
    assert figures(staff) == (None, None, None)
    assert system(staff)["gpu_status"] == "unknown"


def test_a_lost_card_is_not_no_card(staff: Client) -> None:
    see(card(used_mb=None, reason="card_lost"))
    assert figures(staff) == (None, None, None)
    assert system(staff)["gpu_status"] == "unknown"


def test_the_age_is_that_of_the_oldest_sample(staff: Client) -> None:
    see(card())
    age(4)
    see(card("GPU-1"), node="other")
    said = system(staff)["gpu_sampled_at"]
    assert parse_datetime(said) == newest("GPU-0").at


def test_a_tenant_sees_the_memory_of_its_own_attempts_alone() -> None:
    acme, globex = (key_client(make_tenant(slug)) for slug in ("acme", "globex"))
    see(card(), held=[holding(running("acme")), Holder("foreign", 7, 30)])
    assert figures(acme) == (300, None, "nvml")
    assert figures(globex) == (None, None, None)


def test_made_up_memory_is_nobodys() -> None:
    see(card(), held=[holding(running("acme"))], driver="simulated")
    assert figures(key_client(make_tenant())) == (None, None, None)


def troubles(client: Client) -> list[tuple[str, str]]:
    """What the dashboard says of cards."""
    found = system(client)["reasons"]
    return [(one["code"], one["detail"]) for one in found if one["code"].startswith("gpu")]


def test_a_machine_in_trouble_is_one_reason(staff: Client) -> None:
    make_worker()
    take_tick("sweep", 5)
    see(card(used_mb=None, reason="card_lost"), card("GPU-1", 1, None, reason="timeout"))
    assert troubles(staff) == [("gpu_lost", "Card 0 of node, and 1 more: it is lost.")]
    assert system(staff)["status"] != "healthy"
    assert troubles(key_client(make_tenant())) == []


@pytest.mark.parametrize(
    ("reason", "detail"),
    [
        ("no_driver", "The cards of node cannot be read: the driver is not loaded."),
        ("timeout", "The cards of node cannot be read: the driver does not answer."),
    ],
)
def test_cards_that_cannot_be_read_any_more_are_a_reason(
    staff: Client, reason: str, detail: str
) -> None:
    see(card())
    see(reason=reason)
    assert troubles(staff) == [("gpu_unreadable", detail)]


def test_cards_nobody_has_read_for_a_while_are_a_reason_while_a_worker_is_there(
    staff: Client,
) -> None:
    worker = make_worker()
    see(card())
    age(60)
    assert troubles(staff) == [
        ("gpu_unreadable", "Card 0 of node: it has not been read for a while.")
    ]
    stop(worker.pk)
    assert troubles(staff) == []


@pytest.mark.parametrize("reason", ["no_library", "no_driver", ""])
def test_a_machine_that_never_had_a_card_is_no_reason(staff: Client, reason: str) -> None:
    make_worker()
    see(reason=reason)
    assert troubles(staff) == []


def test_a_missing_card_is_a_reason_until_it_is_replaced(staff: Client) -> None:
    see(card(), card("GPU-1", 1))
    see(card())
    assert troubles(staff) == [("gpu_lost", "Card 1 of node: it is lost.")]
    see(card(), card("GPU-2", 1))
    assert troubles(staff) == []


# Metrics -----------------------------------------------------------------------------------------


def test_metrics_name_card_machine_and_kind() -> None:
    see(card(power_w=99.5))
    text = exposition().decode()
    labels = 'driver="nvml",gpu="GPU-0",index="0",node="node"'
    assert f"yardmaster_gpu_memory_used_mb{{{labels}}} 1000.0" in text
    assert f"yardmaster_gpu_memory_total_mb{{{labels}}} 8192.0" in text
    assert f"yardmaster_gpu_power_watts{{{labels}}} 99.5" in text
    assert "yardmaster_gpu_temperature_celsius{" not in text


def test_metrics_say_why_a_card_has_no_figure() -> None:
    see(card(used_mb=None, reason="card_lost"))
    text = exposition().decode()
    assert "yardmaster_gpu_memory_used_mb{" not in text
    assert 'yardmaster_gpu_unreadable{driver="nvml",gpu="GPU-0",index="0",node="node",' in text

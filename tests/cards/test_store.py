"""A reading becomes rows; what is not there, lost, or empty never looks alike."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.workers.card_models import Gpu, GpuSample, NodeCards
from apps.workers.cards.holders import Holder
from tests.cards.scene import age, card, newest, see

pytestmark = pytest.mark.django_db


def shown() -> list[str]:
    return list(Gpu.objects.filter(retired_at=None).order_by("uuid").values_list("uuid", flat=True))


def test_a_reading_is_kept_with_its_cards_and_a_sample_of_each() -> None:
    see(card(), card("GPU-1", 1, 0), driver_version="550.1")
    looked = NodeCards.objects.get(node_id="node")
    assert (looked.driver, looked.driver_version, looked.reason) == ("nvml", "550.1", "")
    gpu = Gpu.objects.get(uuid="GPU-0")
    assert (gpu.node_id, gpu.index, gpu.name, gpu.total_mb) == ("node", 0, "Test card", 8192)
    samples = GpuSample.objects.filter(at=looked.at).order_by("gpu_id")
    assert list(samples.values_list("gpu_id", "used_mb", "reason")) == [
        ("GPU-0", 1000, ""), ("GPU-1", 0, ""),
    ]  # fmt: skip


def test_a_sample_keeps_who_held_the_card() -> None:
    see(card(), held=[Holder("foreign", 7, 30)])
    (holder,) = newest().holders
    assert (holder["kind"], holder["pid"], holder["used_mb"], holder["task_id"]) == (
        "foreign", 7, 30, None,
    )  # fmt: skip


def test_a_machine_without_cards_has_none() -> None:
    see(reason="no_library", detail="none")
    assert (NodeCards.objects.get().reason, Gpu.objects.count()) == ("no_library", 0)


@pytest.mark.parametrize("reason", ["no_driver", "timeout", "no_permission"])
def test_cards_that_cannot_be_read_have_no_figure_and_the_reason(reason: str) -> None:
    see(card())
    see(reason=reason)
    assert (newest().used_mb, newest().reason) == (None, reason)
    assert shown() == ["GPU-0"]


def test_a_lost_card_keeps_its_name_and_has_no_figure() -> None:
    see(card())
    see(card(used_mb=None, name="", total_mb=None, reason="card_lost"))
    assert (newest().used_mb, newest().reason) == (None, "card_lost")
    gpu = Gpu.objects.get()
    assert (gpu.name, gpu.total_mb) == ("Test card", 8192)


def test_memory_that_a_lost_card_still_tells_is_not_believed() -> None:
    see(card(used_mb=5, reason="card_lost"))
    assert newest().used_mb is None


def test_a_card_without_a_name_is_the_one_that_was_in_its_place() -> None:
    see(card(), card("GPU-1", 1))
    see(card(), card("", 1, None, reason="card_lost"))
    assert (newest("GPU-1").used_mb, newest("GPU-1").reason) == (None, "card_lost")
    assert NodeCards.objects.get().reason == ""


def test_a_card_without_a_name_that_nobody_knew_is_the_machines_trouble() -> None:
    see(card("", 0, None, reason="card_lost", detail="NVML error 15"))
    looked = NodeCards.objects.get()
    assert (looked.reason, looked.detail) == ("card_lost", "NVML error 15")
    assert Gpu.objects.count() == 0


def test_a_card_that_the_driver_no_longer_names_is_missing() -> None:
    see(card(), card("GPU-1", 1))
    see(card())
    gpu = Gpu.objects.get(uuid="GPU-1")
    assert gpu.missing_since is not None
    assert (newest("GPU-1").used_mb, newest("GPU-1").reason) == (None, "card_lost")


def test_a_missing_card_that_comes_back_is_there() -> None:
    see(card(), card("GPU-1", 1))
    see(card())
    see(card(), card("GPU-1", 1))
    assert Gpu.objects.get(uuid="GPU-1").missing_since is None
    assert newest("GPU-1").used_mb == 1000


def test_a_card_in_anothers_place_replaces_it() -> None:
    see(card(), card("GPU-1", 1))
    see(card(), card("GPU-new", 1))
    assert shown() == ["GPU-0", "GPU-new"]


def test_a_card_that_has_been_missing_for_long_was_taken_out() -> None:
    see(card(), card("GPU-1", 1))
    see(card())
    gpu = Gpu.objects.get(uuid="GPU-1")
    assert gpu.missing_since is not None
    gpu.missing_since -= timedelta(hours=25)
    gpu.save(update_fields=["missing_since"])
    see(card())
    assert shown() == ["GPU-0"]


def test_a_card_that_was_taken_out_and_put_back_is_there_again() -> None:
    see(card())
    see(card("GPU-new"))
    see(card())
    assert shown() == ["GPU-0"]


def test_a_card_that_moves_belongs_to_its_new_machine() -> None:
    see(card())
    see(card(), node="other")
    assert Gpu.objects.get().node_id == "other"


def test_mig_instances_come_and_go_without_being_missed() -> None:
    see(card(), card("MIG-a", 0, mig_parent="GPU-0"))
    see(card(), card("MIG-b", 0, mig_parent="GPU-0"))
    assert shown() == ["GPU-0", "MIG-b"]


def test_a_machine_that_changes_its_driver_drops_what_the_other_said() -> None:
    see(card("GPU-simulated"), driver="simulated")
    see(card("GPU-0"))
    assert list(Gpu.objects.values_list("uuid", flat=True)) == ["GPU-0"]
    assert set(GpuSample.objects.values_list("gpu_id", flat=True)) == {"GPU-0"}


def test_machines_are_kept_apart() -> None:
    see(card())
    age(60)
    see(card("GPU-9"), node="other", driver="simulated")
    assert shown() == ["GPU-0", "GPU-9"]

"""History: summed up by the minute and the quarter, as often as wanted, and not kept for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.tenants.clock import database_now
from apps.workers import background
from apps.workers.card_models import Gpu, GpuMinute, GpuQuarter, GpuSample
from apps.workers.cards import rollups
from apps.workers.models import Tick
from tests.cards.scene import make_gpu

pytestmark = pytest.mark.django_db


@pytest.fixture
def gpu() -> Gpu:
    return make_gpu("GPU-0")


def minute(ago: int) -> datetime:
    """The start of a minute; of one that is over for more than 10 s from two minutes ago on."""
    return database_now().replace(second=0, microsecond=0) - timedelta(minutes=ago)


def sample(gpu: Gpu, at: datetime, used_mb: int | None, **more: Any) -> None:
    GpuSample.objects.create(gpu=gpu, at=at, used_mb=used_mb, **more)


def test_a_minute_is_the_average_and_the_peak_of_its_samples(gpu: Gpu) -> None:
    start = minute(3)
    for second, used_mb in ((0, 100), (20, 300), (59, 500)):
        sample(gpu, start + timedelta(seconds=second), used_mb, utilization=second)
    sample(gpu, start + timedelta(seconds=60), 9000)
    rollups.fold()
    row = GpuMinute.objects.get(starts_at=start)
    assert (row.samples, row.unread, row.used_mb, row.used_peak_mb) == (3, 0, 300.0, 500)
    assert (row.utilization_peak, row.temperature, row.reason) == (59, None, "")


def test_what_could_not_be_read_is_counted_and_adds_no_zero(gpu: Gpu) -> None:
    sample(gpu, minute(3), 100)
    sample(gpu, minute(3) + timedelta(seconds=5), None, reason="timeout")
    rollups.fold()
    row = GpuMinute.objects.get()
    assert (row.samples, row.unread, row.used_mb, row.reason) == (2, 1, 100.0, "timeout")


def test_a_minute_in_which_nothing_could_be_read_has_no_figure(gpu: Gpu) -> None:
    sample(gpu, minute(3), None, reason="card_lost")
    rollups.fold()
    row = GpuMinute.objects.get()
    assert (row.used_mb, row.used_peak_mb, row.reason) == (None, None, "card_lost")


def test_folding_again_changes_nothing(gpu: Gpu) -> None:
    sample(gpu, minute(3), 100)
    rollups.fold()
    before = list(GpuMinute.objects.values())
    Tick.objects.filter(name=rollups.FOLD).update(slot=0)
    rollups.fold()
    assert [row | {"id": 0} for row in GpuMinute.objects.values()] == [
        row | {"id": 0} for row in before
    ]


def test_a_minute_that_is_not_over_waits(gpu: Gpu) -> None:
    sample(gpu, database_now(), 100)
    rollups.fold()
    assert not GpuMinute.objects.exists()


def test_a_quarter_is_the_sum_of_its_minutes(gpu: Gpu) -> None:
    seconds = int(database_now().timestamp()) // 900 * 900 - 1800
    start = rollups._time(seconds)
    sample(gpu, start, 100)
    for second in (60, 70, 80):
        sample(gpu, start + timedelta(seconds=second), 500)
    sample(gpu, start + timedelta(seconds=899), None, reason="timeout")
    rollups.fold()
    row = GpuQuarter.objects.get(starts_at=start)
    assert (row.samples, row.unread, row.used_mb, row.used_peak_mb) == (5, 1, 400.0, 500)
    assert row.reason == "timeout"


@pytest.mark.parametrize(
    ("model", "kept"),
    [(GpuMinute, timedelta(days=7)), (GpuQuarter, timedelta(days=90))],
)
def test_sums_are_kept_for_so_long(
    gpu: Gpu, model: type[GpuMinute | GpuQuarter], kept: timedelta
) -> None:
    for age in (kept - timedelta(hours=1), kept + timedelta(hours=1)):
        model.objects.create(gpu=gpu, starts_at=database_now() - age, samples=1)
    rollups.fold()
    assert model.objects.filter(starts_at__lt=database_now() - timedelta(days=1)).count() == 1


def test_samples_are_kept_for_an_hour(gpu: Gpu) -> None:
    for minutes in (50, 70, 600):
        sample(gpu, database_now() - timedelta(minutes=minutes), 1)
    rollups.fold()
    assert GpuSample.objects.count() == 1


def test_more_than_one_piece_goes_at_once(gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "ROWS", 2)
    for minutes in range(70, 75):
        sample(gpu, database_now() - timedelta(minutes=minutes), 1)
    rollups.fold()
    assert not GpuSample.objects.exists()


def test_a_card_that_was_not_seen_for_long_is_forgotten(gpu: Gpu) -> None:
    make_gpu("GPU-old", last_seen_at=database_now() - timedelta(days=91))
    rollups.fold()
    assert list(Gpu.objects.values_list("uuid", flat=True)) == ["GPU-0"]


def test_however_often_it_is_asked_for_it_runs_once_a_minute(
    gpu: Gpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "FOLD_SECONDS", 86_400.0)
    background.fold_cards()
    assert Tick.objects.filter(name=rollups.FOLD, slot__gt=0).update(slot=0) == 1
    background.fold_cards()
    assert Tick.objects.get(name=rollups.FOLD).slot == 0

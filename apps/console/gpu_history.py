"""The history of one card: samples, or their averages and peaks by the minute or quarter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict

from django.utils import timezone

from apps.workers.card_models import GpuMinute, GpuQuarter, GpuSample

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from apps.workers.card_models import Gpu, GpuSum

MOST = 11_000
"""A week of minutes and 90 days of quarters are fewer."""


class Step(StrEnum):
    """How finely."""

    RAW = "raw"
    MINUTE = "1m"
    QUARTER = "15m"


@dataclass(frozen=True, slots=True)
class _Kept:
    model: type[GpuSum]
    seconds: int


_SUMS = {Step.MINUTE: _Kept(GpuMinute, 60), Step.QUARTER: _Kept(GpuQuarter, 900)}
_FIGURES = ("used_mb", "utilization", "temperature", "power_w")
_PEAKS = ("used_peak_mb", "utilization_peak", "temperature_peak", "power_peak_w")


class SampleRow(TypedDict):
    """A moment, or a span that begins at it. What could not be read is None."""

    at: datetime
    used_mb: float | None
    used_peak_mb: int | None
    utilization: float | None
    utilization_peak: int | None
    temperature: float | None
    temperature_peak: int | None
    power_w: float | None
    power_peak_w: float | None
    reason: str | None


class History(TypedDict):
    """`seconds`: how long each row stands for; None where each is a moment."""

    uuid: str
    driver: str
    total_mb: int | None
    step: str
    seconds: int | None
    samples: list[SampleRow]


def history(gpu: Gpu, since: datetime, step: Step | None) -> History:
    """What is known since then; as finely as it is kept for so long, unless a step is given."""
    step = step or finest(timezone.now() - since)
    kept = _SUMS.get(step)
    return {
        "uuid": gpu.uuid,
        "driver": gpu.driver,
        "total_mb": gpu.total_mb,
        "step": step.value,
        "seconds": kept.seconds if kept else None,
        "samples": _sums(kept, gpu, since) if kept else _samples(gpu, since),
    }


def finest(age: timedelta) -> Step:
    """The finest step that reaches back so far."""
    if age <= timedelta(hours=1, minutes=1):
        return Step.RAW
    return Step.MINUTE if age <= timedelta(days=7) else Step.QUARTER


def _samples(gpu: Gpu, since: datetime) -> list[SampleRow]:
    rows = GpuSample.objects.filter(gpu=gpu, at__gte=since).order_by("at")
    return [
        _row(row | dict(zip(_PEAKS, (row[name] for name in _FIGURES), strict=True)))
        for row in rows.values("at", "reason", *_FIGURES)[:MOST]
    ]


def _sums(kept: _Kept, gpu: Gpu, since: datetime) -> list[SampleRow]:
    rows = kept.model._default_manager.filter(gpu=gpu, starts_at__gte=since).order_by("starts_at")
    found = rows.values("starts_at", "reason", *_FIGURES, *_PEAKS)[:MOST]
    return [_row(row | {"at": row["starts_at"]}) for row in found]


def _row(columns: Mapping[str, Any]) -> SampleRow:
    return {
        "at": columns["at"],
        "used_mb": columns["used_mb"],
        "used_peak_mb": columns["used_peak_mb"],
        "utilization": columns["utilization"],
        "utilization_peak": columns["utilization_peak"],
        "temperature": columns["temperature"],
        "temperature_peak": columns["temperature_peak"],
        "power_w": columns["power_w"],
        "power_peak_w": columns["power_peak_w"],
        "reason": columns["reason"] or None,
    }

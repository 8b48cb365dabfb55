"""History: samples for an hour, minutes for a week, quarters of an hour for 90 days."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Avg, Count, Max, Q
from django.db.models.functions import TruncMinute

from apps.tenants.clock import database_now
from apps.workers.card_models import Gpu, GpuMinute, GpuQuarter, GpuSample
from apps.workers.models import Tick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model

    from apps.workers.card_models import GpuSum

FOLD = "cards.folded"
MINUTE, QUARTER = 60, 900
SETTLED_SECONDS = 10
"""What was read in a minute is stored so soon after it."""
MOST_MINUTES = 60
KEPT = (
    (GpuSample, "at", timedelta(hours=1)),
    (GpuMinute, "starts_at", timedelta(days=7)),
    (GpuQuarter, "starts_at", timedelta(days=90)),
)
ROWS = 2_000
CHUNKS = 50

_FIGURES = ("used_mb", "utilization", "temperature", "power_w")
_PEAKS = {
    "used_mb": "used_peak_mb",
    "utilization": "utilization_peak",
    "temperature": "temperature_peak",
    "power_w": "power_peak_w",
}
_COLUMNS = ["samples", "unread", "reason", *_FIGURES, *_PEAKS.values()]


def fold() -> None:
    """Sum up the minutes and quarters that are over, as often as wanted; remove what is too old."""
    now = database_now()
    last = int(now.timestamp() - SETTLED_SECONDS) // MINUTE
    Tick.objects.get_or_create(name=FOLD, defaults={"at": now, "slot": last - MOST_MINUTES})
    with transaction.atomic():
        done = Tick.objects.select_for_update(no_key=True).get(name=FOLD).slot
        first = max(done, last - MOST_MINUTES)
        if first < last:
            _fold_minutes(_time(first * MINUTE), _time(last * MINUTE))
            _fold_quarters(first, last)
            Tick.objects.filter(name=FOLD).update(slot=last, at=now)
    _prune(now)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _fold_minutes(since: datetime, until: datetime) -> None:
    sums = {name: Avg(name) for name in _FIGURES} | {
        peak: Max(name) for name, peak in _PEAKS.items()
    }
    samples = GpuSample.objects.filter(at__gte=since, at__lt=until)
    # Named apart from the columns, which they would hide from each other.
    annotated = {f"sum_{name}": value for name, value in sums.items()} | {
        "sum_samples": Count("id"),
        "sum_unread": Count("id", filter=Q(used_mb=None)),
        "sum_reason": Max("reason"),
    }
    rows = samples.values("gpu_id", starts_at=TruncMinute("at")).annotate(**annotated).order_by()
    _store(
        GpuMinute,
        [
            GpuMinute(**{name.removeprefix("sum_"): value for name, value in row.items()})
            for row in rows
        ],
    )


def _fold_quarters(first: int, last: int) -> None:
    """Those that ended within these minutes."""
    per = QUARTER // MINUTE
    since, until = first // per * per, last // per * per
    minutes = GpuMinute.objects.filter(
        starts_at__gte=_time(since * MINUTE), starts_at__lt=_time(until * MINUTE)
    )
    by_quarter: dict[tuple[str, int], list[GpuMinute]] = defaultdict(list)
    for minute in minutes.order_by():
        quarter = int(minute.starts_at.timestamp()) // QUARTER
        by_quarter[minute.gpu_id, quarter].append(minute)
    _store(
        GpuQuarter,
        [
            GpuQuarter(gpu_id=uuid, starts_at=_time(quarter * QUARTER), **_sum(parts))
            for (uuid, quarter), parts in by_quarter.items()
        ],
    )


def _sum(parts: list[GpuMinute]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "samples": sum(part.samples for part in parts),
        "unread": sum(part.unread for part in parts),
        "reason": max(part.reason for part in parts),
    }
    for name, peak in _PEAKS.items():
        found[name] = _average((getattr(part, name), part.samples) for part in parts)
        found[peak] = max(
            (value for part in parts if (value := getattr(part, peak)) is not None), default=None
        )
    return found


def _average(weighted: Iterable[tuple[float | None, int]]) -> float | None:
    known = [(value, weight) for value, weight in weighted if value is not None]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else None


def _store(model: type[GpuSum], rows: list[Any]) -> None:
    model._default_manager.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["gpu", "starts_at"],
        update_fields=_COLUMNS,
    )


def _prune(now: datetime) -> None:
    for model, column, kept in KEPT:
        _delete(model, **{f"{column}__lt": now - kept})
    _delete(Gpu, last_seen_at__lt=now - KEPT[-1][2])


def _delete(model: type[Model], **found: object) -> None:
    """In transactions of bounded size, and so many of them at most; the next run goes on."""
    for _ in range(CHUNKS):
        ids = list(model._default_manager.filter(**found).values_list("pk", flat=True)[:ROWS])
        if not ids:
            return
        model._default_manager.filter(pk__in=ids).delete()

"""Plain estimates from what happened lately: how long sessions last, and what a model will need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from apps.tenants.clock import database_now
from apps.workers.models import Session
from apps.workers.status import OPEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

RECENT = timedelta(minutes=15)
LENGTHS_OF = timedelta(days=1)
MOST_LENGTHS = 200
SOONEST, LATEST, UNKNOWN = 1, 60, 5


def usual_seconds(model: str) -> float | None:
    """The median length of the model's sessions that ended last, at most a day ago."""
    ended = Session.objects.filter(model=model, ended_at__gte=database_now() - LENGTHS_OF)
    spans = ended.order_by("-ended_at").values_list("created_at", "ended_at")[:MOST_LENGTHS]
    lengths = [(end - start).total_seconds() for start, end in spans if end]
    return median(lengths) if lengths else None


def usual_lengths(models: Iterable[str]) -> dict[str, float | None]:
    """The same for each of these models."""
    return {model: usual_seconds(model) for model in sorted(set(models))}


def retry_after(model: str) -> int:
    """In how many seconds a place is likely to be free: of n sessions of length s one ends every
    s / n on average. From 1 to 60.
    """
    usual = usual_seconds(model)
    held = Session.objects.filter(model=model, status__in=OPEN).count()
    if usual is None or not held:
        return UNKNOWN
    return min(LATEST, max(SOONEST, math.ceil(usual / held)))


def empty_in_seconds(
    sessions: Collection[tuple[str, datetime]], usual: Mapping[str, float | None], now: datetime
) -> int | None:
    """When the last of these (model, start) is likely to end: the usual length less its age.

    None where nothing is known of the length; one that is older than usual may end any moment.
    """
    left = []
    for model, since in sessions:
        length = usual.get(model)
        if length is None:
            return None
        left.append(max(0.0, length - (now - since).total_seconds()))
    return math.ceil(max(left, default=0.0))


@dataclass(frozen=True, slots=True)
class Demand:
    """What a model is likely to need. `full_in_minutes`: at the present pace; None when it does
    not fill. `wants`: how many workers the pace needs.
    """

    full_in_minutes: float | None
    wants: int


def arrivals(models: Iterable[str]) -> dict[str, int]:
    """How many sessions of each of these models were opened within the last 15 minutes."""
    since = database_now() - RECENT
    # One after another: each is a part of an index, where all together would be the whole table.
    return {
        model: Session.objects.filter(model=model, created_at__gte=since).count()
        for model in models
    }


def demand(*, opened: int, usual: float | None, active: int, capacity: int, workers: int) -> Demand:
    """Little's law: sessions that come at a rate and last so long keep the product of both busy.

    The rate is that of the sessions opened within the last 15 minutes, the length the median of
    those that ended last. Requests that found no room are not in it: it says too little when all
    is full. A worker that serves several models counts for each.
    """
    rate = opened / RECENT.total_seconds()
    each = capacity / workers if workers else 1.0
    places = max(float(active), rate * usual) if usual is not None else float(active)
    growth = rate - (active / usual if usual else 0.0)
    free = max(0, capacity - active)
    full_in = round(free / growth / 60, 1) if growth > 0 and workers else None
    return Demand(full_in, math.ceil(places / each))

"""What a tenant is told of a worker's heartbeats does not depend on those that others cause."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from apps.workers import told

LEASE = 30
START = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
TTL = 60


@pytest.fixture(autouse=True)
def _lease(settings: Settings) -> None:
    settings.CONSOLE_LEASE_SECONDS = LEASE


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


seconds = st.floats(0, 300, allow_nan=False)


@given(phase=st.floats(0, 10), extra=st.lists(seconds), looks=st.lists(seconds, min_size=1))
def test_beats_in_between_change_nothing(
    phase: float, extra: list[float], looks: list[float]
) -> None:
    regular = [phase + 10 * number for number in range(-6, 31)]
    crowded = sorted([*regular, *extra])
    for look in looks:
        alone, among = (beats[bisect_right(beats, look) - 1] for beats in (regular, crowded))
        now = after(look)
        assert told.heard(after(alone), now) == told.heard(after(among), now)
        assert told.heard(after(alone), now) <= after(alone)
        ends = [told.expiry(after(beat + TTL), after(-60), TTL, now) for beat in (alone, among)]
        assert ends[0] == ends[1]
        assert now <= ends[0] <= after(alone + TTL)


@given(beat=st.floats(0, 1000), silence=st.floats(0, 1000))
def test_it_is_at_most_a_lease_early(beat: float, silence: float) -> None:
    shown = told.heard(after(beat), after(beat + silence))
    assert timedelta(0) <= after(beat) - shown <= timedelta(seconds=LEASE)


def test_ones_own_renewal_is_exact() -> None:
    renewed = after(50)
    assert told.expiry(renewed + timedelta(seconds=TTL), renewed, TTL, after(51)) == after(110)


@pytest.mark.parametrize("ttl", [30, 60, 3600])
def test_what_lasts_is_not_told_to_be_over(ttl: int) -> None:
    """As long as the worker lists it each half of its TTL."""
    for now in range(3600):
        listed = now - now % (ttl / 2)
        assert told.expiry(after(listed + ttl), after(-9999), ttl, after(now)) >= after(now)

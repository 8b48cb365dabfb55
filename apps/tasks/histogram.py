"""Histograms of milliseconds in buckets that widen evenly, for percentiles of any number of runs.

There are 8 buckets per doubling. A bucket is told by its geometric middle, which is at most a
factor of 2 ** (1 / 16) from any value in it: percentiles are right within 4.5 %, or half a
millisecond for the smallest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_DOUBLING = 8


def bucket(ms: int) -> int:
    """The bucket of a number of milliseconds; 0 is for what took none."""
    return 1 + math.floor(PER_DOUBLING * math.log2(ms)) if ms > 0 else 0


def middle(number: int) -> int:
    """What a value in the bucket is taken for."""
    return round(2 ** ((number - 0.5) / PER_DOUBLING)) if number else 0


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """The value that this share of all values does not exceed; None where there are none."""
    wanted = math.ceil(share * sum(counts.values()))
    for number in sorted(counts):
        wanted -= counts[number]
        if wanted <= 0 and counts[number]:
            return middle(number)
    return None

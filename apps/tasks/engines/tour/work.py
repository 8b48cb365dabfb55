"""The tour's engines: they look for primes, slowly enough to be watched."""

from __future__ import annotations

import json
import math
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from apps.tasks.engines.context import PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.tasks.engines.context import TaskContext

KNOWN_COUNTS = {100_000: 9_592, 400_000: 33_860, 1_000_000: 78_498}
"""How many primes there are below a number: OEIS A006880 and A000720."""


def plan(context: TaskContext) -> dict[str, Any]:
    """Cut the range into equal parts."""
    limit = int(context.parameters.get("limit", 400_000))
    if not 1_000 <= limit <= 1_000_000:
        raise PermanentError(f"limit must be from 1,000 to 1,000,000, not {limit}.")
    parts = 4
    edges = [limit * part // parts for part in range(parts + 1)]
    context.log(f"Looking for primes below {limit:,} in {parts} parts.")
    _paced(context, 2.0)
    return {"limit": limit, "parts": list(pairwise(edges))}


def sieve(context: TaskContext) -> dict[str, Any]:
    """Count the primes of one part."""
    low, high = context.inputs["plan"]["parts"][context.config["part"]]
    context.log(f"Sieving {low:,} to {high:,}.")
    _paced(context, 5.0)
    primes = list(_primes(low, high))
    context.log(f"Found {len(primes):,} primes, the largest is {primes[-1]:,}.")
    return {
        "count": len(primes),
        "twins": sum(1 for a, b in pairwise(primes) if b - a == 2),
        "gap": max(b - a for a, b in pairwise(primes)),
    }


def fetch(context: TaskContext) -> dict[str, Any]:
    """Fails once, so that a retry can be seen."""
    if context.attempt == 1:
        context.log("The almanac does not answer.", level="warning")
        _paced(context, 0.5)
        raise TimeoutError("The almanac did not answer. This failure is part of the tour.")
    limit = context.inputs["plan"]["limit"]
    context.log("The almanac answers at the second try.")
    return {"known": KNOWN_COUNTS.get(limit)}


def guess(context: TaskContext) -> dict[str, Any]:
    """An optional task that always fails, so that its dependents can be seen to go on."""
    _paced(context, 1.0)
    raise PermanentError("No guess today. This task is optional, so the job goes on without it.")


def estimate(context: TaskContext) -> dict[str, Any]:
    """What the prime number theorem expects: x / ln x."""
    limit = context.inputs["plan"]["limit"]
    _paced(context, 1.5)
    return {"estimate": round(limit / math.log(limit))}


def check(context: TaskContext) -> dict[str, Any]:
    """Compare the largest gap with what Cramér expects: about (ln x) squared."""
    limit = context.inputs["plan"]["limit"]
    _paced(context, 1.5)
    return {"expected_gap": round(math.log(limit) ** 2)}


def add(context: TaskContext) -> dict[str, Any]:
    """Put the parts together."""
    _paced(context, 2.0)
    parts = [part for part in context.inputs.values() if part is not None]
    return {
        "count": sum(part["count"] for part in parts),
        "twins": sum(part["twins"] for part in parts),
        "gap": max(part["gap"] for part in parts),
    }


def verify(context: TaskContext) -> dict[str, Any]:
    """Compare the count with the almanac."""
    count = context.inputs["add"]["count"]
    known = context.inputs["fetch"]["known"]
    _paced(context, 1.5)
    if known is not None and known != count:
        raise PermanentError(f"Counted {count:,} primes, but there are {known:,}.")
    context.log(f"{count:,} primes: as it should be.")
    return {"verified": known is not None, "count": count}


def report(context: TaskContext) -> dict[str, Any]:
    """Write the result as files."""
    _paced(context, 2.0)
    total = context.inputs["add"] | {
        "verified": context.inputs["verify"]["verified"],
        "estimate": context.inputs["estimate"]["estimate"],
        "expected_gap": context.inputs["check"]["expected_gap"],
        "guess": context.inputs["guess"],
    }
    lines = [f"{name}: {value}" for name, value in total.items()]
    (context.output_folder / "primes.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (context.output_folder / "primes.json").write_text(json.dumps(total), encoding="utf-8")
    return dict(total)


def _primes(low: int, high: int) -> Iterator[int]:
    """The primes p with low ≤ p < high, by the sieve of Eratosthenes."""
    marks = bytearray([1]) * high
    marks[:2] = b"\0\0"
    for number in range(2, math.isqrt(high - 1) + 1):
        if marks[number]:
            marks[number * number :: number] = bytes(len(range(number * number, high, number)))
    return (number for number in range(low, high) if marks[number])


def _paced(context: TaskContext, seconds: float, steps: int = 10) -> None:
    for step in range(steps):
        time.sleep(seconds / steps)
        context.progress((step + 1) / steps)

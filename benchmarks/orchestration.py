"""Tasks per second on three shapes of DAGs: the console against Celery's canvas, by turns."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import commits
from benchmarks.shapes import SIZES, WORDS
from benchmarks.sides import ENGINES, RawCelery, Side, Yardmaster, embedded, scaled

ROUNDS = 3
HOW = """\
Two processes of one slot each on both sides, every task checked to have run once. The console:
from the first submission by HTTP to the last end, by the database's clock. Celery: from sending
to the last result. Medians; in brackets the ratio to the first column."""
Way = tuple[str, Side, str]


def main(*, quick: bool = False) -> None:
    """Print the tables; `quick` takes one shape and one round. PostgreSQL only where given."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sides = [stack.enter_context(side) for side in _sides(Path(folder))]
        shapes = ["chains"] if quick else list(SIZES)
        print(f"{HOW}\n")
        _speed(_ways(sides), shapes, 1 if quick else ROUNDS)
        print()
        _gaps(sides)
        for side in sides:
            if side.name == "PostgreSQL" and isinstance(side, Yardmaster) and not quick:
                print()
                commits.table(side)


def _sides(folder: Path) -> list[Side]:
    sides: list[Side] = [embedded(folder / "embedded")]
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return [RawCelery("raw Celery", folder / "raw"), scaled(folder / "scaled"), *sides]
    return sides


def _ways(sides: list[Side]) -> list[Way]:
    """The columns: each side, the console's at both sizes of batches."""
    ways: list[Way] = []
    for side in sides:
        if isinstance(side, Yardmaster):
            ways.append((f"{side.name}, batch 1", side, ENGINES[0]))
            ways.append((f"{side.name}, batch 50", side, ENGINES[1]))
        else:
            ways.append((side.name, side, ENGINES[0]))
    return ways


def _speed(ways: list[Way], shapes: list[str], rounds: int) -> None:
    rates: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for shape in shapes:
            for name, side, engine_id in ways:
                rates.setdefault((shape, name), []).append(side.rate(shape, engine_id))
    names = [name for name, _, _ in ways]
    print("| tasks/s | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for shape in shapes:
        row = [_cell(rates[shape, name], rates[shape, names[0]]) for name in names]
        print(f"| {WORDS[shape]} | " + " | ".join(row) + " |", flush=True)


def _cell(rates: list[float], first: list[float]) -> str:
    """The median, and the median of the ratios to the first column's run of the same round."""
    ratio = statistics.median(ours / theirs for ours, theirs in zip(rates, first, strict=True))
    return f"{statistics.median(rates):.0f} ({ratio:.2f})"


def _gaps(sides: list[Side]) -> None:
    print("| with an empty queue | median | worst of ten |")
    print("|---|---|---|")
    for side in sides:
        gaps = [1000 * gap for gap in side.gaps()]
        worst = statistics.quantiles(gaps, n=10)[-1]
        name = f"from one task to the next, {side.name}"
        print(f"| {name} | {statistics.median(gaps):.1f} ms | {worst:.1f} ms |", flush=True)


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])

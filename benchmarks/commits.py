"""How many transactions a task costs the database."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg

from benchmarks import shapes
from benchmarks.shapes import SIZES
from benchmarks.sides import ENGINES, Yardmaster

FLUSH_SECONDS = 11.0
"""An idle connection tells its count within 10 seconds."""
NOBODY = "bench.nobody"
READ = """
SELECT xact_commit, pg_snapshot_xmax(pg_current_snapshot())::text::bigint
FROM pg_stat_database WHERE datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """All that committed, those of them that wrote, and when they were counted."""

    committed: float
    wrote: float
    at: float


class Commits:
    """Counts the transactions of a console less what it commits when it has nothing to do."""

    def __init__(self, side: Yardmaster) -> None:
        self._side = side
        self._url = side.console.environment["DATABASE_URL"]
        before = self._read()
        after = self._read()
        seconds = after.at - before.at
        self._idle = (
            (after.committed - before.committed) / seconds,
            (after.wrote - before.wrote) / seconds,
        )

    def per_task(self, shape: str, engine_id: str) -> tuple[float, float]:
        """All and writing commits of a task, submission included."""
        before = self._read()
        ids = self._side.drive(shapes.jobs(shape, engine_id))
        counts = self._since(before, SIZES[shape])
        self._side.confirm(ids)
        return counts

    def per_submission(self, number: int = 50) -> tuple[float, float]:
        """All and writing commits of submitting one chain that no worker runs."""
        before = self._read()
        for _ in range(number):
            self._side.client.submit(shapes.chain(NOBODY))
        return self._since(before, number)

    def _since(self, before: Counts, number: int) -> tuple[float, float]:
        after = self._read()
        seconds = after.at - before.at
        return (
            (after.committed - before.committed - self._idle[0] * seconds) / number,
            (after.wrote - before.wrote - self._idle[1] * seconds) / number,
        )

    def _read(self) -> Counts:
        time.sleep(FLUSH_SECONDS)
        with psycopg.connect(self._url, autocommit=True) as connection:
            row = connection.execute(READ).fetchone()
        assert row is not None
        return Counts(row[0], row[1], time.monotonic())


def table(side: Yardmaster) -> None:
    """Print commits per task on chains and on the wide fan."""
    count = Commits(side)
    print("| commits on PostgreSQL | all | those that wrote |")
    print("|---|---|---|")
    for shape in ("chains", "fan"):
        for engine_id, batch in zip(ENGINES, (1, 50), strict=True):
            committed, wrote = count.per_task(shape, engine_id)
            name = f"a task of {shapes.WORDS[shape]}, batch {batch}"
            print(f"| {name} | {committed:.2f} | {wrote:.2f} |")
    committed, wrote = count.per_submission()
    print(f"| submitting one chain of {shapes.LENGTH} | {committed:.2f} | {wrote:.2f} |")

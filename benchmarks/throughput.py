"""Tasks per second through the whole console: submit by HTTP, claim, run in a host, settle."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.shapes import SHAPES
from tests.consoles import Client, Console, EmbeddedConsole, ScaledConsole

ROUNDS = 2
ENGINES = Path(__file__).with_name("engines.toml")


def main() -> None:
    """Print tasks per second for each shape, interleaved; PostgreSQL only where it is given."""
    consoles: dict[str, Callable[[Path], Console]] = {"embedded, SQLite": embedded}
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        consoles["PostgreSQL, Redis, two workers"] = scaled
    print("| shape | " + " | ".join(consoles) + " |")
    print("|---" * (len(consoles) + 1) + "|")
    results: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS):
        for name, start in consoles.items():
            with tempfile.TemporaryDirectory() as folder, start(Path(folder)) as console:
                client = console.tenant(f"bench{number}")
                for shape, jobs in SHAPES.items():
                    results.setdefault((shape, name), []).append(_rate(client, jobs))
    for shape in SHAPES:
        rates = [f"{statistics.median(results[shape, name]):.0f} tasks/s" for name in consoles]
        print(f"| {shape} | " + " | ".join(rates) + " |")


def embedded(folder: Path) -> Console:
    """One process on SQLite."""
    console = EmbeddedConsole(folder)
    console.environment["CONSOLE_ENGINES"] = str(ENGINES)
    return console


def scaled(folder: Path) -> Console:
    """web, beat and two workers of one slot each on PostgreSQL and Redis."""
    return ScaledConsole(
        folder, "yard_bench", engines=ENGINES, queues=["engine.bench.noop", "engine.bench.noop"]
    )


def _rate(client: Client, jobs: list[list[dict[str, Any]]]) -> float:
    """Tasks per second, from the first submission to the last end, by the database's clock."""
    ids = [client.submit(tasks)["id"] for tasks in jobs]
    ended = [client.ended(job_id, seconds=300) for job_id in ids]
    assert all(job["status"] == "completed" for job in ended)
    first = min(datetime.fromisoformat(job["created_at"]) for job in ended)
    last = max(datetime.fromisoformat(job["completed_at"]) for job in ended)
    return sum(map(len, jobs)) / (last - first).total_seconds()


if __name__ == "__main__":
    main()

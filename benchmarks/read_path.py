"""What reading costs with a long past: the same requests at 1,000 jobs and at very many."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.machine import describe
from benchmarks.readings import shown
from tests.consoles import ROOT

SMALL, QUICK, FULL = 1_000, 50_000, 1_000_000
FEW_READY = 5_000
"""More than what is measured takes away."""
ROUNDS = 3
GOAL = 1.3
DATABASE_GOAL_MS = 5.0
Figures = dict[str, dict[str, list[float]]]
HERE = Path(__file__).parent


class Site:
    """One database with a past of so many jobs."""

    def __init__(self, jobs: int, environment: dict[str, str]) -> None:
        self.jobs = jobs
        self._environment = {
            **os.environ,
            **environment,
            "CONSOLE_ENGINES": str(HERE / "history.toml"),
        }

    def run(self, verb: str, number: int) -> Any:
        """What `readings.py` says of it."""
        argv = [sys.executable, "-m", "benchmarks.readings", verb, str(number)]
        done = subprocess.run(
            argv, cwd=ROOT, env=self._environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return json.loads(done.stdout.splitlines()[-1])


def main(jobs: int = QUICK) -> None:
    """Fill, measure by turns, print; on SQLite, and on PostgreSQL where it is given."""
    with tempfile.TemporaryDirectory(prefix="yard-bench-") as folder:
        kinds = ["SQLite", *(["PostgreSQL"] if "DATABASE_URL" in os.environ else [])]
        for name in kinds:
            with ExitStack() as stack:
                make = _postgresql if name == "PostgreSQL" else _sqlite
                sites = [stack.enter_context(make(Path(folder), n)) for n in (SMALL, jobs)]
                _compare(name, sites)


def _compare(name: str, sites: list[Site]) -> None:
    small, large = sites
    seconds = [site.run("fill", site.jobs)["seconds"] for site in sites]
    print(f"### {name}\n\nFilled in {seconds[0]:.0f} s and {seconds[1]:.0f} s.\n", flush=True)
    _print_table([site.jobs for site in sites], *_by_turns(small, large))
    print()
    ready = (FEW_READY, max(FEW_READY, large.jobs))
    few, many = (site.run("claims", n) for site, n in zip((small, large), ready, strict=True))
    _print_table([*ready], few, many, "tasks ready")


def _by_turns(small: Site, large: Site) -> tuple[Figures, Figures]:
    """Several rounds, so that what else the machine does meets both."""
    figures: tuple[Figures, Figures] = ({}, {})
    for _ in range(ROUNDS):
        for site, gathered in zip((small, large), figures, strict=True):
            for reading, found in site.run("measure", site.jobs).items():
                into = gathered.setdefault(reading, {"request": [], "database": []})
                for part, values in found.items():
                    into[part] += values
    return figures


def _print_table(sizes: list[int], few: Figures, many: Figures, of: str = "jobs") -> None:
    small, large = (f"{size:,} {of}" for size in sizes)
    print("Milliseconds, median / p99; the database's part is of its statements alone.\n")
    print(f"| request | {small} | {large} | ratio | database, {small} | {large} |")
    print("|---|---|---|---|---|---|")
    for reading, found in many.items():
        before, after = few[reading]["request"], found["request"]
        ratio = statistics.median(after) / statistics.median(before)
        cells = [shown(values) for values in (before, after)]
        cells.append(f"{ratio:.2f}{' **above**' if ratio > GOAL else ''}")
        cells += [shown(part["database"]) for part in (few[reading], found)]
        print(f"| {reading} | {' | '.join(cells)} |", flush=True)


@contextmanager
def _sqlite(folder: Path, jobs: int) -> Iterator[Site]:
    place = folder / f"lite-{jobs}"
    place.mkdir()
    try:
        bare = dict.fromkeys(("DATABASE_URL", "REDIS_URL", "CONSOLE_FILES_URL"), "")
        yield Site(jobs, {**bare, "CONSOLE_DATA_DIR": str(place)})
    finally:
        shutil.rmtree(place)


@contextmanager
def _postgresql(_folder: Path, jobs: int) -> Iterator[Site]:
    url, name = os.environ["DATABASE_URL"], f"read_path_{jobs}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield Site(jobs, {"DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl()})
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    print(f"Measured on: {describe()}\n")
    main(next((int(word.replace("_", "")) for word in sys.argv[1:] if word[0].isdigit()),
              FULL if "--full" in sys.argv[1:] else QUICK))  # fmt: skip

"""What is compared: the console in its two ways to run, and Celery's canvas."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Self

from benchmarks import journal, rawcelery, shapes
from benchmarks.shapes import SIZES, Tasks
from tests.consoles import ROOT, Console, EmbeddedConsole
from tests.split import SplitConsole
from tests.waiting import eventually

HERE = Path(__file__).parent
GAP_TASKS = 50
SECONDS = 300
WARM_UP = 16
SAMPLE = 20
"""The attempts of every twentieth job are looked at; the journal tells of all."""
ENGINES = ("bench.noop", "bench.light")


class Side(ABC):
    """Something that runs the shapes. Use as a context manager."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.journal = folder / "journal"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @abstractmethod
    def start(self) -> None:
        """Start its processes and run a little, so that none starts while it is measured."""

    @abstractmethod
    def run(self, shape: str, engine_id: str) -> float:
        """Seconds from the first submission to the last end."""

    @abstractmethod
    def run_chain(self) -> None:
        """Run one chain of `GAP_TASKS` with nothing else to do."""

    def rate(self, shape: str, engine_id: str = ENGINES[0]) -> float:
        """Tasks per second; AssertionError unless every task ran exactly once."""
        self.clear()
        seconds = self.run(shape, engine_id)
        self.expect_once(SIZES[shape])
        return SIZES[shape] / seconds

    def gaps(self) -> list[float]:
        """Seconds between the end of a task and the start of the next."""
        self.clear()
        self.run_chain()
        self.expect_once(GAP_TASKS)
        return journal.gaps(self.journal)

    def clear(self) -> None:
        """Empty the journal where it is: those who write it keep it open."""
        self.journal.write_bytes(b"")

    def lines(self) -> int:
        """How many runs there were."""
        return len(journal.read(self.journal))

    def expect_once(self, number: int) -> None:
        """AssertionError unless so many tasks ran, none of them twice."""
        ran = [(run, key) for run, key, _ in journal.read(self.journal)]
        assert len(ran) == len(set(ran)) == number, f"{len(ran)} runs of {len(set(ran))} tasks"


class Yardmaster(Side):
    """The console: submitted by HTTP, timed by the database's clock."""

    def __init__(self, name: str, folder: Path, console: Console) -> None:
        super().__init__(name, folder)
        self.console = console
        self.journal = console.journal

    def start(self) -> None:
        self._stack.enter_context(self.console)
        self.client = self.console.tenant("bench")
        for engine_id in ENGINES:
            self.confirm(self.drive([shapes.fan(engine_id, WARM_UP)]))

    def run(self, shape: str, engine_id: str) -> float:
        return self.confirm(self.drive(shapes.jobs(shape, engine_id)))

    def run_chain(self) -> None:
        self.confirm(self.drive([shapes.chain(ENGINES[0], GAP_TASKS)]))

    def drive(self, jobs: list[Tasks]) -> list[str]:
        """Submit and wait until every task has run; asks the console nothing meanwhile."""
        number = self.lines() + sum(map(len, jobs))
        ids = [str(self.client.submit(tasks)["id"]) for tasks in jobs]
        eventually(lambda: self.lines() >= number, seconds=SECONDS)
        return ids

    def confirm(self, ids: list[str]) -> float:
        """Seconds they took; AssertionError unless all are completed, at the first attempt."""
        ended = [self.client.ended(job_id, seconds=SECONDS) for job_id in ids]
        assert all(job["status"] == "completed" for job in ended)
        for job_id in ids[::SAMPLE]:
            assert all(task["attempt"] == 1 for task in self.client.tasks(job_id).values())
        first = min(datetime.fromisoformat(job["created_at"]) for job in ended)
        last = max(datetime.fromisoformat(job["completed_at"]) for job in ended)
        return (last - first).total_seconds()


class RawCelery(Side):
    """Two processes of one slot each; timed from sending to the last result."""

    def start(self) -> None:
        environment = {**os.environ, "YARD_JOURNAL": str(self.journal)}
        for number in (1, 2):
            name = f"raw-{number}"
            log = self._stack.enter_context((self.folder / f"{name}.log").open("wb"))
            # Of Celery's pools solo is the fastest at one slot; the others are defaults.
            worker = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "benchmarks.rawcelery", "worker",
                 "--pool", "solo", "-n", f"{name}@localhost"],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            self._stack.callback(_end, worker)
        eventually(lambda: len(rawcelery.app.control.ping(timeout=0.5) or []) == 2, seconds=30)
        _ended(rawcelery.send_fan("warm-up", WARM_UP).id)

    def run(self, shape: str, engine_id: str) -> float:
        began = time.perf_counter()
        for result in rawcelery.send(shape):
            _ended(result.id)
        return time.perf_counter() - began

    def run_chain(self) -> None:
        _ended(rawcelery.send_chain("gap", GAP_TASKS).id)


def scaled(folder: Path) -> Yardmaster:
    """web, API server, beat and two workers of one slot each on PostgreSQL and Redis."""
    queues = ",".join(f"engine.{engine_id}" for engine_id in ENGINES)
    console = SplitConsole(
        folder, "yard_bench", engines=HERE / "engines.toml", queues=[queues, queues]
    )
    return Yardmaster("PostgreSQL", folder, console)


def embedded(folder: Path) -> Yardmaster:
    """One process on SQLite."""
    console = EmbeddedConsole(folder, {"CONSOLE_ENGINES": str(HERE / "embedded.toml")})
    return Yardmaster("embedded SQLite", folder, console)


def _ended(result_id: str) -> None:
    """Wait for the result alone: asking through its parents would read every one of them."""
    rawcelery.app.AsyncResult(result_id).get(timeout=SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)

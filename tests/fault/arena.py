"""A console under fault: started, hurt, and asked how it is."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.consoles import Client, Console
from tests.fault.site import SECRETS, Db, Site
from tests.fault.store import BUSY, ONLINE, OPEN_JOBS, OPEN_TASKS, Store
from tests.waiting import eventually

HERE = Path(__file__).resolve().parent
ENGINES = ("fault.work", "fault.wide", "fault.batch", "fault.stubborn")
START_SECONDS = 180
SETTLED_SECONDS = 120
ON_ITS_WAY = 0.25
"""Seconds in which the database has answered what a process sent before it died."""


def sweep_of(lease: float) -> float:
    """Seconds between two sweeps, as the settings have it."""
    return min(5.0, lease / 6)


@dataclass(frozen=True)
class Line:
    """One line of the effect log: an engine ran this attempt from this moment on."""

    task_id: str
    attempt: int
    pid: int
    at: float


@dataclass(frozen=True)
class Hit:
    """A lease that a fault took away."""

    task_id: str
    attempt: int
    at: float


class Arena(Console):
    """A console whose processes can be hurt. Subclasses say which processes there are."""

    workers: list[str]
    patience = SETTLED_SECONDS

    def __init__(self, folder: Path, store: Store, key: str, environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._extra: dict[str, str] = {}
        super().__init__(folder, environment | {"CONSOLE_ENGINES": str(HERE / "engines.toml")})
        self.store = store
        self._stack.callback(store.close)
        self.sweep = sweep_of(float(environment["CONSOLE_LEASE_SECONDS"]))
        self.hits: list[Hit] = []
        self.kills_that_hit = 0
        self.client = self._stack.enter_context(Client(self.url, key))

    def boot(self, name: str, **extra: str) -> None:
        """Start one process that is not running, with these variables besides; do not wait."""
        before = self.environment
        self.environment = before | extra
        try:
            self.spawn(name, *self._command(name))
        finally:
            self.environment = before

    def revive(self) -> None:
        """Start whatever has died, and wait until all of it answers."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                del self.processes[name]
        self.start()

    def _command(self, name: str) -> tuple[str, ...]:
        raise NotImplementedError

    def pid(self, name: str) -> int:
        return self.processes[name].pid

    def holds(self, name: str) -> list[tuple[str, int]]:
        """What this worker has in hand."""
        return self.store.in_hand(self.pid(name))

    def busy(self) -> list[str]:
        """The running workers that hold something."""
        pids = self.store.pids(BUSY)
        return [name for name in self.workers if name in self.processes and self.pid(name) in pids]

    def online(self) -> int:
        """How many of the workers that live have registered."""
        pids = self.store.pids(ONLINE)
        return sum(self.pid(name) in pids for name in self.workers if name in self.processes)

    def hit(self, name: str) -> int:
        """`kill -9` a worker; how many leases that took away.

        It is stopped first, so that what it holds is known to the last one.
        """
        held = self.freeze(name)
        pid = self.pid(name)
        self.kill(name)
        time.sleep(ON_ITS_WAY)
        held += self._hit(self.store.in_hand(pid))
        self.kills_that_hit += bool(held)
        return len(held)

    def freeze(self, name: str) -> list[tuple[str, int]]:
        """Stop a worker where it is; what it held."""
        os.kill(self.pid(name), signal.SIGSTOP)
        return self._hit(self.holds(name))

    def frozen_hold(self, names: Iterable[str]) -> list[tuple[str, int]]:
        """What frozen workers were given since: a commit under way, or one that waited for a lock,
        arrives after they were stopped."""
        return [place for name in names for place in self._hit(self.holds(name))]

    def _hit(self, held: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Those of them that are new; a lease is taken away once."""
        known = {(hit.task_id, hit.attempt) for hit in self.hits}
        new = [place for place in held if place not in known]
        now = time.monotonic()
        self.hits += [Hit(task, attempt, now) for task, attempt in new]
        return new

    def thaw(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGCONT)

    def lines(self) -> list[Line]:
        """The effect log so far, without a line that is being written."""
        if not self.journal.exists():
            return []
        parts = [line.split() for line in self.journal.read_text().splitlines()]
        return [Line(p[0], int(p[1]), int(p[2]), float(p[3])) for p in parts if len(p) == 4]

    def logs(self) -> dict[str, str]:
        """What every process wrote, by its name."""
        return {path.stem: path.read_text(errors="replace") for path in self.folder.glob("*.log")}

    @property
    def open_tasks(self) -> int:
        return self.store.number(OPEN_TASKS)

    def settled(self) -> None:
        """Wait until every job has ended, or for as long as there is hope."""
        try:
            eventually(lambda: self.store.number(OPEN_JOBS) == 0, seconds=self.patience, every=0.2)
        except AssertionError:
            return  # the invariants say what is left

    def hosts(self) -> list[int]:
        """Every process of this console that is none of its own: engine hosts and supervisors."""
        ours = {process.pid for process in self.processes.values()}
        return [pid for pid in _carrying(f"YARD_JOURNAL={self.journal}") if pid not in ours]


class Alone(Arena):
    """The embedded console: one process is web, worker and beat."""

    def __init__(self, site: Site, folder: Path, environment: dict[str, str]) -> None:
        key = site.copy_lite(folder / "data")
        store = Store(folder / "data" / "console.sqlite3")
        super().__init__(folder, store, key, environment)
        self.workers = ["up"]

    def start(self) -> None:
        for name in self.workers:
            if name not in self.processes:
                self.boot(name)
        eventually(self.answers, seconds=START_SECONDS)

    def _command(self, name: str) -> tuple[str, ...]:
        return (sys.executable, "manage.py", name)


class Pool(Arena):
    """web, beat and some workers that all run every engine, on PostgreSQL and Redis."""

    def __init__(
        self,
        site: Site,
        folder: Path,
        environment: dict[str, str],
        workers: int,
        through: Callable[[str], str] = lambda url: url,
    ) -> None:
        database, key = site.copy_pg()
        self.redis_url = site.redis.url
        environment = {
            "DATABASE_URL": through(database),
            "REDIS_URL": through(self.redis_url),
            "CONSOLE_FILES_URL": str(folder / "files"),
            "CONSOLE_DB_POOL": "",
            **SECRETS,
            **environment,
        }
        super().__init__(folder, Store(database), key, environment)
        self.environment["CONSOLE_URL"] = self.url
        self.workers = [f"worker-{number}" for number in range(1, workers + 1)]

    def start(self) -> None:
        for name in ("web", "beat", *self.workers):
            if name not in self.processes:
                self.boot(name)
        eventually(self.answers, seconds=START_SECONDS)
        eventually(lambda: self.online() == len(self.workers), seconds=START_SECONDS)

    def _command(self, name: str) -> tuple[str, ...]:
        if name == "web":
            return (sys.executable, "manage.py", "serve", "--port", str(self.port))
        celery = (sys.executable, "-m", "celery", "-A", "console_project")
        if name.startswith("beat"):
            return (*celery, "beat", "-s", str(self.folder / f"{name}-schedule"))
        queues = ",".join(f"engine.{engine}" for engine in ENGINES)
        return (*celery, "worker", "-Q", queues, "-n", f"{name}@localhost")


def environment_of(lease: int, off: str = "", **more: str) -> dict[str, str]:
    """What every console under fault is started with."""
    return {
        "DJANGO_SETTINGS_MODULE": "tests.fault.settings",
        "CONSOLE_LEASE_SECONDS": str(lease),
        "FAULT_OFF": off,
        **more,
    }


@contextmanager
def arena(
    site: Site,
    db: Db,
    folder: Path,
    environment: dict[str, str],
    *,
    workers: int = 2,
    through: Callable[[str], str] = lambda url: url,
) -> Iterator[Arena]:
    """A running console of this kind; nothing of it is left, whatever has failed."""
    made: Arena = (
        Alone(site, folder, environment)
        if db == "sqlite"
        else Pool(site, folder, environment, workers, through)
    )
    try:
        with made:
            yield made
    finally:
        for pid in made.hosts():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def repeats(lines: list[Line]) -> int:
    """How many runs there were beyond the first of each task."""
    return sum(count - 1 for count in Counter(line.task_id for line in lines).values())


def recoveries(hits: list[Hit], lines: list[Line]) -> list[float]:
    """Seconds from each hit until its task ran again, or was hit again and so had been claimed."""
    seen: dict[str, list[Line | Hit]] = {}
    for line in lines:
        seen.setdefault(line.task_id, []).append(line)
    for hit in hits:
        seen.setdefault(hit.task_id, []).append(hit)
    found = []
    for hit in hits:
        later = [one.at for one in seen[hit.task_id] if one.attempt > hit.attempt]
        if later:
            found.append(min(later) - hit.at)
    return found


def percentile(values: list[float], share: float) -> float:
    """The value below which this share lies; 0 when there are none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0


def _carrying(mark: str) -> list[int]:
    """Processes with this text in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found

"""Which scenarios there are, on which databases, and how large in CI and in a soak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.fault.scenarios import (
    beat,
    blackhole,
    bombs,
    cancel,
    clock,
    crash,
    drain,
    freeze,
    hints,
    host,
    kill,
    machine,
    orphan,
    outage,
    postgres,
    redis,
    sqlite_lock,
    starved,
)
from tests.fault.site import Db
from tests.fault.stage import Stage

BOTH: tuple[Db, ...] = ("sqlite", "pg")
LITE: tuple[Db, ...] = ("sqlite",)
PG: tuple[Db, ...] = ("pg",)


@dataclass(frozen=True)
class Scenario:
    run: Callable[[Stage], None]
    dbs: tuple[Db, ...]
    ci: int
    soak: int
    alone: bool = False
    """Whether it measures the machine, and needs it for itself."""


SCENARIOS: dict[str, Scenario] = {
    "kill": Scenario(kill.run, BOTH, 2000, 8000),
    "crash": Scenario(crash.run, BOTH, 1, 50),
    "freeze": Scenario(freeze.run, PG, 40, 400),
    "redis": Scenario(redis.run, PG, 2000, 10_000),
    "postgres": Scenario(postgres.run, PG, 2000, 8000),
    "outage": Scenario(outage.run, PG, 1, 20),
    "blackhole": Scenario(blackhole.run, PG, 3, 20),
    "host": Scenario(host.run, BOTH, 1, 10),
    "cancel": Scenario(cancel.run, BOTH, 60, 1000),
    "drain": Scenario(drain.run, BOTH, 2, 20),
    "hints": Scenario(hints.run, PG, 100, 2000),
    "beat": Scenario(beat.run, PG, 2, 20),
    "clock": Scenario(clock.run, PG, 100, 5000),
    "orphan": Scenario(orphan.run, BOTH, 1, 20),
    "sqlite-lock": Scenario(sqlite_lock.run, LITE, 2, 20),
    "starved": Scenario(starved.run, PG, 40, 600, alone=True),
    "bombs": Scenario(bombs.run, BOTH, 1, 10, alone=True),
    "machine": Scenario(machine.run, BOTH, 150, 20_000),
}

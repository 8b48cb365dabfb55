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
    "kill": Scenario(kill.run, BOTH, 400, 10_000, alone=True),
    "crash": Scenario(crash.run, BOTH, 1, 50),
    "freeze": Scenario(freeze.run, PG, 12, 400),
    "redis": Scenario(redis.run, PG, 400, 10_000),
    "postgres": Scenario(postgres.run, PG, 800, 8000),
    "outage": Scenario(outage.run, PG, 1, 20),
    "blackhole": Scenario(blackhole.run, PG, 2, 20),
    "host": Scenario(host.run, BOTH, 1, 10),
    "cancel": Scenario(cancel.run, BOTH, 20, 1000),
    "drain": Scenario(drain.run, BOTH, 1, 20),
    "hints": Scenario(hints.run, PG, 30, 2000),
    "beat": Scenario(beat.run, PG, 1, 20),
    "clock": Scenario(clock.run, PG, 100, 5000),
    "orphan": Scenario(orphan.run, BOTH, 1, 20),
    "sqlite-lock": Scenario(sqlite_lock.run, LITE, 1, 20),
    "starved": Scenario(starved.run, PG, 32, 600, alone=True),
    "bombs": Scenario(bombs.run, BOTH, 1, 10, alone=True),
    "machine": Scenario(machine.run, BOTH, 30, 20_000),
}

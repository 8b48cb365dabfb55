"""One run of a scenario: what it was asked for, what it saw, what broke."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fault.arena import SETTLED_SECONDS, Arena, arena, environment_of
from tests.fault.invariants import Evidence, broken
from tests.fault.site import Db, Site


@dataclass
class Stage:
    """What a scenario works with. It notes figures, and what does not hold."""

    name: str
    site: Site
    db: Db
    n: int
    seed: int = 0
    off: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self._began = time.monotonic()
        # Where a protection is off it is known how it ends.
        self._patience = 30 if self.off else SETTLED_SECONDS

    @contextmanager
    def arena(
        self,
        lease: int = 2,
        workers: int = 2,
        through: Callable[[str], str] = lambda url: url,
        **environment: str,
    ) -> Iterator[Arena]:
        """A console that was just started."""
        folder = self.site.folder / f"{self.name}-{self.db}-{time.monotonic_ns()}"
        settings = environment_of(lease, self.off, **environment)
        with arena(self.site, self.db, folder, settings, workers=workers, through=through) as made:
            made.patience = self._patience
            yield made

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.broken.append(otherwise)

    def check(self, console: Arena, jobs: list[str], *allowed: str) -> None:
        """The invariants, over these jobs; logs may hold what matches `allowed`."""
        self.broken += broken(Evidence(console, jobs, allowed))

    def line(self) -> str:
        """The run as one line of JSON."""
        return json.dumps(self.verdict())

    def verdict(self) -> dict[str, Any]:
        return {
            "scenario": self.name,
            "db": self.db,
            "n": self.n,
            "seed": self.seed,
            "ok": not self.broken,
            "seconds": round(time.monotonic() - self._began, 1),
            **self.figures,
            "broken": self.broken[:20],
        }

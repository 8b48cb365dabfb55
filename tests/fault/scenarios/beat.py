"""Two beats, and none."""

from __future__ import annotations

import time

from tests.fault.arena import percentile, recoveries, sweep_of
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

LEASE = 12
WATCHED_SECONDS = 12.0


def run(stage: Stage) -> None:
    """Each slot of the sweep is used once with two beats; without any, lost work still returns."""
    notes = stage.site.folder / f"sweeps-{time.monotonic_ns()}"
    with stage.arena(lease=LEASE, FAULT_SWEEPS=str(notes)) as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.2)
        console.boot("beat-2")
        time.sleep(WATCHED_SECONDS)
        slots = [int(float(line.split()[0]) // sweep_of(LEASE)) for line in _lines(notes)]
        # A sweep that begins at the very end of its slot may be noted in the next one.
        twice = len(slots) - len(set(slots))
        console.kill("beat")
        console.kill("beat-2")
        for _ in range(stage.n):
            feeder.feed()
            name = stage.dice.choice(eventually(console.busy, seconds=15, every=0.02))
            console.hit(name)
            console.boot(name)
        console.settled()
        seconds = recoveries(console.hits, console.lines())
        stage.figures |= {
            "sweeps": len(slots),
            "in_one_slot": twice,
            "recovery_without_beat_p99_s": percentile(seconds, 0.99),
        }
        stage.check(console, feeder.jobs)
        stage.expect(twice <= 1, f"{twice} sweeps shared a slot")
        stage.expect(len(slots) >= 2, "nobody swept")


def _lines(notes: object) -> list[str]:
    from pathlib import Path

    path = Path(str(notes))
    return path.read_text().splitlines() if path.exists() else []

"""How long the embedded console takes to start, and how much memory it holds."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.machine import resident_mib
from tests.consoles import EmbeddedConsole

ROUNDS = 3


def main() -> None:
    """Print medians over several starts on a fresh and on a used folder."""
    fresh, again, memory = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            fresh.append(_start(Path(folder))[0])
            seconds, mib = _start(Path(folder))
            again.append(seconds)
            memory.append(mib)
    print("| embedded console | median | worst |")
    print("|---|---|---|")
    print(f"| first start, until it answers | {_pair(fresh, 's')} |")
    print(f"| later start, until it answers | {_pair(again, 's')} |")
    print(f"| memory of the process, without engine hosts | {_pair(memory, 'MiB')} |")


def _start(folder: Path) -> tuple[float, float]:
    began = time.perf_counter()
    with EmbeddedConsole(folder) as console:
        seconds = time.perf_counter() - began
        mib = resident_mib(console.processes["up"].pid)
        console.stop("up")
    return seconds, mib


def _pair(values: list[float], unit: str) -> str:
    return f"{statistics.median(values):.1f} {unit} | {max(values):.1f} {unit}"


if __name__ == "__main__":
    main()

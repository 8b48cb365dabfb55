"""What a measurement was taken on."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path


def describe() -> str:
    """One line: processor, cores, memory, Python, SQLite."""
    model = "unknown processor"
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    total = next((line for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "")
    memory = f"{int(total.split()[1]) / 1024**2:.0f} GiB" if total else "unknown memory"
    return (
        f"{model}, {os.cpu_count()} cores, {memory}, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def resident_mib(pid: int) -> float:
    """Resident memory of one process, in MiB."""
    for line in _lines(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

"""`docs/reliability.json`, and the table that `docs/reliability.md` shows of it."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "reliability.json"
GUIDE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
BASICS = {
    "scenario", "db", "n", "seed", "ok", "seconds", "broken", "size", "date", "machine",
}  # fmt: skip


def record(verdict: dict[str, Any], size: str) -> None:
    """Keep this run in place of the last of its kind, and the table with it."""
    kept = [one for one in load() if _name(one) != (verdict["scenario"], verdict["db"], size)]
    where = {"size": size, "date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
    runs = sorted([*kept, verdict | where], key=_name)
    RESULTS.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")
    GUIDE.write_text(with_table(GUIDE.read_text(encoding="utf-8"), runs), encoding="utf-8")


def machine() -> str:
    """What a run is measured on, as far as it matters."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB"


def load() -> list[dict[str, Any]]:
    """The recorded runs."""
    if not RESULTS.exists():
        return []
    runs: list[dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return runs


def with_table(guide: str, runs: list[dict[str, Any]]) -> str:
    """The guide with a fresh table between its marks."""
    before, _, rest = guide.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(runs)}\n{END}{after}"


def table(runs: list[dict[str, Any]]) -> str:
    """The runs as a table in Markdown."""
    lines = [
        "| scenario | on | size | n | holds | seconds | measured | figures |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for run in runs:
        figures = ", ".join(
            f"{name.replace('_', ' ')} {value}" for name, value in run.items() if name not in BASICS
        )
        holds = "yes" if run["ok"] else "**no**"
        lines.append(
            f"| {run['scenario']} | {run['db']} | {run['size']} | {run['n']:,} | {holds} "
            f"| {run['seconds']:g} | {run['date']}, {run['machine']} | {figures} |"
        )
    return "\n".join(lines)


def _name(run: dict[str, Any]) -> tuple[str, str, str]:
    return run["scenario"], run["db"], run["size"]


if __name__ == "__main__":
    GUIDE.write_text(with_table(GUIDE.read_text(encoding="utf-8"), load()), encoding="utf-8")
    sys.stdout.write(f"{GUIDE.name} shows {len(load())} runs.\n")

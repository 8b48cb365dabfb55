"""The three shapes of DAGs that orchestrators are compared by."""

from __future__ import annotations

from typing import Any

ENGINE = "bench.noop"

Tasks = list[dict[str, Any]]


def _task(key: str, depends_on: list[str]) -> dict[str, Any]:
    return {"key": key, "engine_id": ENGINE, "depends_on": depends_on}


def chain(length: int = 5) -> Tasks:
    """One task after another."""
    return [_task(f"t{n}", [f"t{n - 1}"] if n else []) for n in range(length)]


def fan(width: int = 1000) -> Tasks:
    """One, then many at once, then one."""
    middle = [f"m{n}" for n in range(width)]
    return [
        _task("first", []),
        *(_task(key, ["first"]) for key in middle),
        _task("last", middle),
    ]


def layered(layers: int = 50, width: int = 20) -> Tasks:
    """Layers; each task needs two of the layer before."""
    return [
        _task(
            f"l{layer}-{n}",
            [f"l{layer - 1}-{n}", f"l{layer - 1}-{(n + 1) % width}"] if layer else [],
        )
        for layer in range(layers)
        for n in range(width)
    ]


SHAPES: dict[str, list[Tasks]] = {
    "200 chains of 5": [chain() for _ in range(200)],
    "fan out to 1,000": [fan()],
    "50 layers of 20": [layered()],
}
"""Each shape as the jobs that are submitted together."""

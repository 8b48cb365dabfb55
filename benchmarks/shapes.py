"""The three shapes of DAGs that orchestrators are compared by."""

from __future__ import annotations

from typing import Any

CHAINS = 200
LENGTH = 5
WIDTH = 1000
LAYERS = 50
LAYER = 20

SIZES = {"chains": CHAINS * LENGTH, "fan": WIDTH + 2, "layers": LAYERS * LAYER}
"""Each shape and how many tasks it has."""
WORDS = {
    "chains": f"{CHAINS} chains of {LENGTH}",
    "fan": f"1 → {WIDTH:,} → 1",
    "layers": f"{LAYERS} layers of {LAYER}",
}

Tasks = list[dict[str, Any]]


def jobs(shape: str, engine_id: str) -> list[Tasks]:
    """A shape as the jobs that are submitted together."""
    if shape == "chains":
        return [chain(engine_id) for _ in range(CHAINS)]
    return [fan(engine_id) if shape == "fan" else layered(engine_id)]


def chain(engine_id: str, length: int = LENGTH) -> Tasks:
    """One task after another."""
    return [_task(engine_id, f"t{n}", [f"t{n - 1}"] if n else []) for n in range(length)]


def fan(engine_id: str, width: int = WIDTH) -> Tasks:
    """One, then many at once, then one."""
    middle = [f"m{n}" for n in range(width)]
    return [
        _task(engine_id, "first", []),
        *(_task(engine_id, key, ["first"]) for key in middle),
        _task(engine_id, "last", middle),
    ]


def layered(engine_id: str) -> Tasks:
    """Layers; each task needs two of the layer before."""
    return [
        _task(
            engine_id,
            f"l{layer}-{n}",
            [f"l{layer - 1}-{n}", f"l{layer - 1}-{(n + 1) % LAYER}"] if layer else [],
        )
        for layer in range(LAYERS)
        for n in range(LAYER)
    ]


def _task(engine_id: str, key: str, depends_on: list[str]) -> dict[str, Any]:
    return {"key": key, "engine_id": engine_id, "depends_on": depends_on}

"""The other side: the same shapes on Celery's canvas, with Celery's defaults, results in Redis."""

from __future__ import annotations

import os
from typing import Any
from uuid import uuid4

from celery import Celery, chain, chord
from celery.result import AsyncResult

from benchmarks import journal
from benchmarks.shapes import CHAINS, LAYER, LAYERS, LENGTH, WIDTH

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0").rsplit("/", 1)[0] + "/8"

app = Celery("raw", broker=REDIS, backend=REDIS)
app.conf.update(
    task_default_queue="raw", broker_connection_retry_on_startup=True, result_expires=600
)


@app.task(name="raw.step")
def step(run: str, key: str) -> None:
    """The same line in the journal as the engine's."""
    journal.note(run, key)


@app.task(name="raw.layer")
def next_layer(run: str, last: str, layer: int) -> None:
    """The barrier between two layers. It sends the next one itself: a canvas of all layers at
    once sends each task the whole rest, and gets slower with every layer there is."""
    if layer < LAYERS:
        _layer(run, last, layer)


def send(shape: str) -> list[AsyncResult]:
    """Send a shape; the results that come last."""
    run = uuid4().hex
    if shape == "chains":
        return [send_chain(f"{run}-{number}") for number in range(CHAINS)]
    if shape == "fan":
        return [send_fan(run, WIDTH)]
    last = uuid4().hex
    _layer(run, last, 0)
    return [app.AsyncResult(last)]


def send_chain(run: str, length: int = LENGTH) -> AsyncResult:
    """One after another."""
    result: AsyncResult = chain(*_steps(run, "t", length)).apply_async()
    return result


def send_fan(run: str, width: int) -> AsyncResult:
    """One, many, one."""
    many = chord(_steps(run, "m", width), step.si(run, "last"))
    result: AsyncResult = chain(step.si(run, "first"), many).apply_async()
    return result


def _layer(run: str, last: str, layer: int) -> None:
    barrier = next_layer.si(run, last, layer + 1)
    if layer + 1 == LAYERS:
        barrier = barrier.set(task_id=last)
    chord(_steps(run, f"l{layer}-", LAYER), barrier).apply_async()


def _steps(run: str, prefix: str, number: int) -> list[Any]:
    return [step.si(run, f"{prefix}{n}") for n in range(number)]

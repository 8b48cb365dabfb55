"""Protections that a console under test can be started without, and bells that ring wrongly."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.apps import AppConfig


class Sabotage(AppConfig):
    """Takes away what `FAULT_OFF` names, a list with commas, and notes sweeps where asked to."""

    name = "tests.fault"
    label = "fault"

    def ready(self) -> None:
        for name in filter(None, os.environ.get("FAULT_OFF", "").split(",")):
            OFF[name]()
        if path := os.environ.get("FAULT_SWEEPS"):
            _note_sweeps(path)


def cut(module: str, name: str, part: str, instead: str = "") -> None:
    """Take a part out of a text of the console. AssertionError where it is not there any more."""
    text = getattr(import_module(module), name)
    assert part in text, f"{module}.{name} does not say {part!r} any more"
    setattr(import_module(module), name, text.replace(part, instead))


def replace(module: str, name: str, instead: object) -> None:
    """Put something in the place of what a module, or a class in it, calls so."""
    holder: Any = import_module(module)
    *path, last = name.split(".")
    for part in path:
        holder = getattr(holder, part)
    assert hasattr(holder, last), f"{module} has no {name} any more"
    setattr(holder, last, instead)


def without_fence() -> None:
    """Whoever reports on a running task is believed, whichever attempt is its own."""
    cut("apps.tasks.held", "_MOVE", "AND tasks_task.attempt = r.attempt ")
    cut("apps.tasks.held", "_BY_PLACE", " AND t.attempt = r.attempt")
    cut("apps.tasks.held", "_BY_PLACE", "t.attempt, t.key", "r.attempt, t.key")


def _without_poll() -> None:
    """Dispatchers ask for work only when they hear a bell."""
    dispatcher: Any = import_module("apps.tasks.engines.dispatcher").Dispatcher
    given = dispatcher.__init__

    class Never:
        def due(self) -> bool:
            return False

    def deaf(self: Any, *args: Any, **more: Any) -> None:
        given(self, *args, **more)
        self._poll = self._sweep = Never()

    dispatcher.__init__ = deaf


def _short_grace() -> None:
    replace("apps.tasks.worker", "GRACE_SECONDS", 1.0)
    replace("apps.console.embedded", "GRACE_SECONDS", 1.0)


def _rings(times: int) -> Callable[[], None]:
    def patch() -> None:
        ring = import_module("apps.tasks.bell").ring

        def again(engine_ids: Any) -> None:
            engines = list(engine_ids)
            for _ in range(times):
                ring(engines)

        replace("apps.tasks.bell", "ring", again)

    return patch


_DEAF_SUPERVISOR = 'trap "" TERM INT HUP; read -r _; exec sleep 60'

OFF: dict[str, Callable[[], None]] = {
    "fence": without_fence,
    "frozen": lambda: replace("apps.tasks.sweep", "end_frozen_sessions", lambda _: 0),
    "expiry": lambda: replace("apps.tasks.sweep", "expire_silent", lambda *_: 0),
    "poll": _without_poll,
    "supervisor": lambda: replace("apps.tasks.engines.process", "SUPERVISOR", _DEAF_SUPERVISOR),
    "poison": lambda: replace("apps.tasks.verdicts", "LOSSES_UNTIL_POISON", 1_000_000),
    "kill": lambda: replace("apps.tasks.engines.slots", "Slot._press_stop", lambda _: None),
    "503": lambda: replace("apps.console.api.errors", "database_is_away", lambda _: False),
    "ticks": lambda: replace("apps.tasks.background", "take_tick", lambda *_: True),
    "grace": _short_grace,
    "bells": _rings(0),
    "bells10": _rings(10),
}
"""By name: a protection taken away, or something that goes wrong."""


def _note_sweeps(path: str) -> None:
    """One line for each sweep that any process of the console runs."""

    def noted(run: Callable[..., Any]) -> Callable[..., Any]:
        def sweep(*args: Any, **more: Any) -> Any:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(descriptor, f"{time.time():.3f} {os.getpid()}\n".encode())
            os.close(descriptor)
            return run(*args, **more)

        return sweep

    for module in ("apps.tasks.background", "apps.tasks.engines.dispatcher"):
        replace(module, "sweep", noted(import_module(module).sweep))

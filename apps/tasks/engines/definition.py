"""What an engine is: one table of `engines.toml`, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ENGINE_ID = re.compile(r"^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?$")
KINDS = ("python", "command", "http")
DEFAULT_TIMEOUT_SECONDS = 3600.0
LONGEST_TIMEOUT_SECONDS = 7 * 24 * 3600.0
AHEAD = 8
"""So many short tasks a host may hold that takes one at a time, as the one it runs and the next
ones: it need not wait for the database in between.
"""


class EngineError(Exception):
    """A definition that makes no sense: `key` is the setting that is wrong, if it is one."""

    def __init__(self, engine_id: str, key: str | None, detail: str) -> None:
        super().__init__(detail)
        self.engine_id = engine_id
        self.key = key
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Engine:
    """A kind of work the pool can do. `folder` is where it runs.

    Each attempt has `gpus` whole cards, or a part of one where only `gpu_memory_mb` is set: so
    many MiB must be free, on each of them.
    """

    engine_id: str
    stage: str
    kind: str
    folder: Path
    python: str = ""
    command: tuple[str, ...] = ()
    http: str = ""
    models: tuple[str, ...] = ()
    concurrency: int = 1
    batch: int = 1
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    gpus: int = 0
    gpu_memory_mb: int = 0
    on_silence: str = "continue"
    demo: bool = field(default=False, compare=False)

    @property
    def reserves(self) -> bool:
        """Whether its tasks are started only where there is room on a card."""
        return bool(self.gpus or self.gpu_memory_mb)

    @property
    def most_held(self) -> int:
        """How many tasks one of its hosts may hold, while they are short."""
        if self.batch == 1 and self.kind == "python" and not self.reserves:
            return AHEAD
        return self.batch


def read(engine_id: str, table: Mapping[str, Any], folder: Path, *, demo: bool = False) -> Engine:
    """The engine a table describes. Raises EngineError."""
    if not ENGINE_ID.match(engine_id):
        detail = "An engine's name has lower-case letters, digits, dots, hyphens, underscores."
        raise EngineError(engine_id, None, detail)
    for key, value in table.items():
        if key not in _CHECKS:
            raise EngineError(engine_id, key, f"Unknown setting {key!r}.")
        accepts, wanted = _CHECKS[key]
        if not accepts(value):
            raise EngineError(engine_id, key, f"{key} must be {wanted}, not {value!r}.")
    kinds = [kind for kind in KINDS if kind in table]
    if len(kinds) != 1:
        detail = "An engine has exactly one of python, command and http."
        raise EngineError(engine_id, kinds[1] if kinds else None, detail)
    if "command" in table and table.get("batch", 1) > 1:
        detail = "A command runs one task at a time: batch is for python and http engines."
        raise EngineError(engine_id, "batch", detail)
    if table.get("batch", 1) > 1 and (table.get("gpus") or table.get("gpu_memory_mb")):
        detail = "An engine that reserves cards takes one task at a time: batch must be 1."
        raise EngineError(engine_id, "batch", detail)
    values = {"stage": engine_id, **table}
    values["command"] = tuple(table.get("command", ()))
    values["models"] = tuple(table.get("models", ()))
    values["timeout_seconds"] = float(table.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS))
    return Engine(engine_id=engine_id, kind=kinds[0], folder=folder, demo=demo, **values)


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _whole(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _seconds(value: object) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and 0 < value <= LONGEST_TIMEOUT_SECONDS
    )


def _address(value: object) -> bool:
    parts = urlsplit(value) if isinstance(value, str) else None
    return bool(parts and parts.scheme in ("http", "https") and parts.hostname)


def _function(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w.]+:\w+", value) is not None


_CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "stage": (_text, "a text of at most 100 characters"),
    "python": (_function, 'a function "package.module:function"'),
    "command": (lambda value: _texts(value) and bool(value), "a list of texts"),
    "http": (_address, "an address http://… or https://…"),
    "models": (_texts, "a list of texts"),
    "concurrency": (_whole(1, 1024), "a whole number from 1 to 1024"),
    "batch": (_whole(1, 1000), "a whole number from 1 to 1000"),
    "timeout_seconds": (_seconds, "a number of seconds, at most 7 days"),
    "gpus": (_whole(0, 64), "a whole number from 0 to 64"),
    "gpu_memory_mb": (_whole(0, 10_000_000), "a whole number of MiB"),
    "on_silence": (lambda value: value in ("continue", "stop"), '"continue" or "stop"'),
}

"""Which engines there are: built in, in `engines.toml`, and from entry points."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.tasks.engines import definition
from apps.tasks.engines.definition import Engine, EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENTRY_POINT_GROUP = "yardmaster.engines"
BUILT_IN = Path(__file__).with_name("tour")


@dataclass(frozen=True, slots=True)
class BuiltinPipeline:
    """A pipeline that ships with the console, as a demonstration."""

    name: str
    description: str
    tasks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Registry:
    """The engines and built-in pipelines of this process, by name."""

    engines: Mapping[str, Engine]
    pipelines: Mapping[str, BuiltinPipeline]


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Read once per process. Raises ImproperlyConfigured with a sentence that names the line."""
    engines: dict[str, Engine] = {}
    pipelines: dict[str, BuiltinPipeline] = {}
    if settings.EMBEDDED:
        text = (BUILT_IN / "engines.toml").read_text(encoding="utf-8")
        for engine in from_toml(text, BUILT_IN, "the built-in engines.toml", demo=True):
            engines[engine.engine_id] = engine
        for table in tomllib.loads(text)["pipelines"]:
            pipelines[table["name"]] = BuiltinPipeline(**table)
    for engine in _from_entry_points():
        engines[engine.engine_id] = engine
    if settings.CONSOLE_ENGINES:
        path = Path(settings.CONSOLE_ENGINES).absolute()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"CONSOLE_ENGINES: {path} cannot be read: {error}."
            raise ImproperlyConfigured(message) from error
        for engine in from_toml(text, path.parent, str(path)):
            engines[engine.engine_id] = engine
    return Registry(engines, pipelines)


def from_toml(text: str, folder: Path, source: str, *, demo: bool = False) -> Iterator[Engine]:
    """The engines of an `engines.toml`. Raises ImproperlyConfigured naming source and line."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = f"at line {len(text.splitlines())}"
        message = f"{source}: {str(error).replace('at end of document', last)}."
        raise ImproperlyConfigured(message) from error
    known = {"engines", "pipelines"} if demo else {"engines"}
    for name in tables:
        if name not in known:
            message = f"{source}, line {_line(text, None, name)}: unknown table [{name}]."
            raise ImproperlyConfigured(message)
    for engine_id, table in tables.get("engines", {}).items():
        try:
            if not isinstance(table, dict):
                raise EngineError(engine_id, None, "An engine is a table.")  # noqa: TRY301
            yield definition.read(engine_id, table, folder, demo=demo)
        except EngineError as error:
            line = _line(text, engine_id, error.key)
            message = f"{source}, line {line}: engine {engine_id}: {error.detail}"
            raise ImproperlyConfigured(message) from error


def _from_entry_points() -> Iterator[Engine]:
    """Each entry point names a dict `{engine id: table}`."""
    for point in entry_points(group=ENTRY_POINT_GROUP):
        for engine_id, table in point.load().items():
            try:
                yield definition.read(engine_id, table, Path.cwd())
            except EngineError as error:
                message = f"Entry point {point.name}: engine {engine_id}: {error.detail}"
                raise ImproperlyConfigured(message) from error


def _line(text: str, engine_id: str | None, key: str | None) -> int:
    """Where a table, or a key in it, stands; the table's line when the key is not found."""
    lines = text.splitlines()
    start = 0
    if engine_id is not None:
        name = re.escape(engine_id)
        header = re.compile(rf"""^\s*\[\s*engines\s*\.\s*["']?{name}["']?\s*\]""")
        start = next((i for i, line in enumerate(lines) if header.match(line)), 0)
    if key is not None:
        wanted = re.compile(rf"""^\s*\[*\s*["']?{re.escape(key)}["']?\s*[=\]]""")
        for i in range(start, len(lines)):
            if i > start and engine_id is not None and lines[i].lstrip().startswith("["):
                break
            if wanted.match(lines[i]):
                return i + 1
    return start + 1

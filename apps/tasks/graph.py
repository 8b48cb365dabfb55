"""A submission's list of tasks, read and checked as a graph. Pure: no database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from apps.tasks.fields import CHECKS, DEFAULTS, LONGEST_KEY, MOST_INSTANCES, REQUIRED, Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from apps.tasks.fields import MapSpec

MOST_ERRORS = 20
_SHOWN_OF_A_CYCLE = 12
_INSTANCE = re.compile(r"(.+)\[\d+\]", re.DOTALL)
_LONGEST_MAPPED_KEY = LONGEST_KEY - len(f"[{MOST_INSTANCES - 1}]")


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task of a submission; `depends_on` holds keys, `None` stands for the default.

    What a task maps over is among its dependencies, named there or not.
    """

    key: str
    engine_id: str
    stage: str | None
    depends_on: tuple[str, ...]
    required: bool
    config: dict[str, object]
    max_retries: int
    timeout_seconds: float | None
    priority: int | None
    map: MapSpec | None = None


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong: where (`tasks.3.depends_on`), a code, a sentence."""

    attr: str
    code: str
    detail: str


class GraphError(Exception):
    """A list of tasks that cannot be a job; `errors` holds the first of what is wrong."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.attr}: {error.detail}" for error in errors))
        self.errors = tuple(errors)


def parse(
    tasks: object, engines: Collection[str], *, max_tasks: int, max_edges: int
) -> list[TaskSpec]:
    """The tasks of a raw JSON list. Raises GraphError, which names each task that is wrong."""
    if not isinstance(tasks, list):
        _refuse_all("not_a_list", "Expected a list of tasks.")
    if not tasks:
        _refuse_all("empty", "A job needs at least one task.")
    if len(tasks) > max_tasks:
        _refuse_all("too_many_tasks", f"A job has at most {max_tasks:,} tasks, not {len(tasks):,}.")
    edges = sum(_edge_count(task) for task in tasks)
    if edges > max_edges:
        _refuse_all("too_many_edges", f"A job has at most {max_edges:,} edges, not {edges:,}.")
    specs = _read_all(tasks, engines)
    _check_keys_and_edges(specs)
    _check_order(specs)
    return specs


def depths(specs: Sequence[TaskSpec]) -> dict[str, int]:
    """How many tasks stand before each key on its longest way from a start."""
    by_key = {spec.key: spec for spec in specs}
    found: dict[str, int] = {}
    for key in _in_order(specs):
        found[key] = max((found[name] + 1 for name in by_key[key].depends_on), default=0)
    return found


def _refuse_all(code: str, detail: str) -> NoReturn:
    raise GraphError([FieldError("tasks", code, detail)])


def _edge_count(task: object) -> int:
    if not isinstance(task, dict):
        return 0
    edges = task.get("depends_on")
    return (len(edges) if isinstance(edges, list) else 0) + isinstance(task.get("map"), dict)


class _Errors:
    """Collects what is wrong and raises as soon as there is enough of it to show."""

    def __init__(self) -> None:
        self._found: list[FieldError] = []

    def add(self, attr: str, code: str, detail: str) -> None:
        self._found.append(FieldError(attr, code, detail))
        if len(self._found) >= MOST_ERRORS:
            raise GraphError(self._found)

    def raise_if_any(self) -> None:
        if self._found:
            raise GraphError(self._found)


# One task ----------------------------------------------------------------------------------------


def _read_all(tasks: list[object], engines: Collection[str]) -> list[TaskSpec]:
    errors = _Errors()
    read = []
    for index, task in enumerate(tasks):
        attr = f"tasks.{index}"
        if isinstance(task, dict):
            read.append(_read(task, attr, errors, engines))
        else:
            errors.add(attr, "invalid", "Expected an object.")
    errors.raise_if_any()
    return [TaskSpec(**values) for values in read]


def _read(
    task: Mapping[str, object], attr: str, errors: _Errors, engines: Collection[str]
) -> dict[str, Any]:
    """The fields of one task, in their own types where they have no error."""
    values: dict[str, Any] = {**DEFAULTS, "config": {}}
    for name in sorted(task.keys() - CHECKS.keys()):
        errors.add(f"{attr}.{name[:100]}", "unknown_field", "There is no such field.")
    for name in sorted(REQUIRED - task.keys()):
        errors.add(f"{attr}.{name}", "required", "This field is required.")
    for name, check in CHECKS.items():
        if name not in task:
            continue
        try:
            values[name] = check(task[name])
        except Refusal as refusal:
            within = f".{refusal.within}" if refusal.within else ""
            errors.add(f"{attr}.{name}{within}", refusal.code, refusal.detail)
    engine_id = values.get("engine_id")
    if engine_id is not None and engine_id not in engines:
        errors.add(
            f"{attr}.engine_id", "unknown_engine", f"There is no engine {_shown(engine_id)}."
        )
    mapped: MapSpec | None = values["map"]
    if mapped is not None and mapped.over not in values["depends_on"]:
        values["depends_on"] = (*values["depends_on"], mapped.over)
    return values


# All of them together ----------------------------------------------------------------------------


def _check_keys_and_edges(specs: Sequence[TaskSpec]) -> None:
    errors = _Errors()
    positions: dict[str, int] = {}
    for position, spec in enumerate(specs):
        first = positions.setdefault(spec.key, position)
        if first != position:
            detail = f"{_shown(spec.key)} is the key of tasks.{first} already."
            errors.add(f"tasks.{position}.key", "duplicate_key", detail)
    mapped = {spec.key for spec in specs if spec.map}
    for position, spec in enumerate(specs):
        _check_instances(spec, f"tasks.{position}.key", mapped, errors)
        _check_edges(spec, f"tasks.{position}", positions, errors)
    errors.raise_if_any()


def _check_instances(spec: TaskSpec, attr: str, mapped: Collection[str], errors: _Errors) -> None:
    """The keys of instances, `key[0]` and on, must be free and not too long."""
    if spec.map and len(spec.key) > _LONGEST_MAPPED_KEY:
        detail = f"The key of a mapped task has at most {_LONGEST_MAPPED_KEY} characters."
        errors.add(attr, "max_length", detail)
    instance = _INSTANCE.fullmatch(spec.key)
    if instance and instance[1] in mapped:
        detail = f"{_shown(spec.key)} is the key of an instance of {_shown(instance[1])}."
        errors.add(attr, "duplicate_key", detail)


def _check_edges(spec: TaskSpec, task: str, known: Collection[str], errors: _Errors) -> None:
    seen: set[str] = set()
    for name in spec.depends_on:
        attr = f"{task}.{_edge_field(spec, name)}"
        if name == spec.key:
            errors.add(attr, "self_dependency", f"{_shown(name)} depends on itself.")
        elif name not in known:
            errors.add(attr, "unknown_dependency", f"There is no task {_shown(name)}.")
        elif name in seen:
            errors.add(attr, "duplicate_dependency", f"{_shown(name)} is named twice.")
        seen.add(name)


def _edge_field(spec: TaskSpec, name: str) -> str:
    return "map.over" if spec.map and spec.map.over == name else "depends_on"


def _check_order(specs: Sequence[TaskSpec]) -> None:
    placed = set(_in_order(specs))
    stuck = {spec.key: spec for spec in specs if spec.key not in placed}
    if not stuck:
        return
    circle = _circle(stuck)
    position = next(index for index, spec in enumerate(specs) if spec.key == circle[0])
    field = _edge_field(stuck[circle[0]], [*circle, circle[0]][1])
    detail = f"These tasks wait for each other in a circle: {_drawn(circle)}."
    raise GraphError([FieldError(f"tasks.{position}.{field}", "cycle", detail)])


def _in_order(specs: Sequence[TaskSpec]) -> list[str]:
    """The keys, each after what it depends on; those in or behind a circle are left out."""
    waiting = {spec.key: len(spec.depends_on) for spec in specs}
    dependents: dict[str, list[str]] = {}
    for spec in specs:
        for name in spec.depends_on:
            dependents.setdefault(name, []).append(spec.key)
    placed = [key for key, count in waiting.items() if not count]
    for key in placed:  # grows while it is read
        for dependent in dependents.get(key, ()):
            waiting[dependent] -= 1
            if not waiting[dependent]:
                placed.append(dependent)
    return placed


def _circle(stuck: Mapping[str, TaskSpec]) -> list[str]:
    """One circle: from any stuck task, some dependency of each is stuck as well."""
    steps: dict[str, int] = {}
    key = next(iter(stuck))
    while key not in steps:
        steps[key] = len(steps)
        key = next(name for name in stuck[key].depends_on if name in stuck)
    return list(steps)[steps[key] :]


def _drawn(circle: Sequence[str]) -> str:
    names = [_shown(key) for key in circle]
    if len(names) > _SHOWN_OF_A_CYCLE:
        names[_SHOWN_OF_A_CYCLE:] = [f"… {len(names) - _SHOWN_OF_A_CYCLE:,} more …"]
    return " → ".join([*names, _shown(circle[0])])


def _shown(name: str) -> str:
    return f'"{name if len(name) <= 60 else name[:60] + "…"}"'

"""A submission's list of tasks, read and checked as a graph. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from apps.tenants.strict_json import StrictJsonError, check_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

MOST_ERRORS = 20
LONGEST_TIMEOUT_SECONDS = 7 * 24 * 3600.0
_SHOWN_OF_A_CYCLE = 12


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task of a submission; `depends_on` holds keys, `None` stands for the default."""

    key: str
    engine_id: str
    stage: str | None
    depends_on: tuple[str, ...]
    required: bool
    config: dict[str, object]
    max_retries: int
    timeout_seconds: float | None
    priority: int | None


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


class _Refusal(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


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
    edges = task.get("depends_on") if isinstance(task, dict) else None
    return len(edges) if isinstance(edges, list) else 0


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
    values: dict[str, Any] = {**_DEFAULTS, "config": {}}
    for name in sorted(task.keys() - _CHECKS.keys()):
        errors.add(f"{attr}.{name[:100]}", "unknown_field", "There is no such field.")
    for name in sorted(_REQUIRED - task.keys()):
        errors.add(f"{attr}.{name}", "required", "This field is required.")
    for name, check in _CHECKS.items():
        if name not in task:
            continue
        try:
            values[name] = check(task[name])
        except _Refusal as refusal:
            errors.add(f"{attr}.{name}", refusal.code, refusal.detail)
    engine_id = values.get("engine_id")
    if engine_id is not None and engine_id not in engines:
        errors.add(
            f"{attr}.engine_id", "unknown_engine", f"There is no engine {_shown(engine_id)}."
        )
    return values


def _printable(value: object, *, longest: int) -> str:
    if not isinstance(value, str):
        raise _Refusal("invalid", "Expected a text.")
    if not value.strip():
        raise _Refusal("blank", "It may not be blank.")
    if len(value) > longest:
        raise _Refusal("max_length", f"It has at most {longest} characters.")
    if not value.isprintable():
        raise _Refusal("not_printable", "It may hold printable characters only.")
    return value


def _depends_on(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _Refusal("invalid", "Expected a list of task keys.")
    return tuple(value)


def _required(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Refusal("invalid", "Expected true or false.")
    return value


def _config(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Refusal("invalid", "Expected an object.")
    try:
        check_keys(value, "config")
    except StrictJsonError as error:
        raise _Refusal("too_many_keys", error.detail) from None
    return value


def _whole(value: object, *, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Refusal("invalid", "Expected a whole number.")
    if not low <= value <= high:
        raise _Refusal("out_of_range", f"It must be from {low} to {high}.")
    return value


def _timeout_seconds(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _Refusal("invalid", "Expected a number of seconds.")
    if not 0 < value <= LONGEST_TIMEOUT_SECONDS:
        raise _Refusal("out_of_range", "It must be above 0 and at most 604,800 seconds.")
    return float(value)


def _or_null(check: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else check(value)


_CHECKS: dict[str, Callable[[object], object]] = {
    "key": partial(_printable, longest=200),
    "engine_id": partial(_printable, longest=100),
    "stage": _or_null(partial(_printable, longest=100)),
    "depends_on": _depends_on,
    "required": _required,
    "config": _config,
    "max_retries": partial(_whole, low=0, high=100),
    "timeout_seconds": _or_null(_timeout_seconds),
    "priority": _or_null(partial(_whole, low=-100, high=100)),
}
_REQUIRED = frozenset({"engine_id", "key"})
_DEFAULTS: dict[str, object] = {
    "stage": None,
    "depends_on": (),
    "required": True,
    "max_retries": 2,
    "timeout_seconds": None,
    "priority": None,
}


# All of them together ----------------------------------------------------------------------------


def _check_keys_and_edges(specs: Sequence[TaskSpec]) -> None:
    errors = _Errors()
    positions: dict[str, int] = {}
    for position, spec in enumerate(specs):
        first = positions.setdefault(spec.key, position)
        if first != position:
            detail = f"{_shown(spec.key)} is the key of tasks.{first} already."
            errors.add(f"tasks.{position}.key", "duplicate_key", detail)
    for position, spec in enumerate(specs):
        _check_edges(spec, f"tasks.{position}.depends_on", positions, errors)
    errors.raise_if_any()


def _check_edges(spec: TaskSpec, attr: str, known: Collection[str], errors: _Errors) -> None:
    seen: set[str] = set()
    for name in spec.depends_on:
        if name == spec.key:
            errors.add(attr, "self_dependency", f"{_shown(name)} depends on itself.")
        elif name not in known:
            errors.add(attr, "unknown_dependency", f"There is no task {_shown(name)}.")
        elif name in seen:
            errors.add(attr, "duplicate_dependency", f"{_shown(name)} is named twice.")
        seen.add(name)


def _check_order(specs: Sequence[TaskSpec]) -> None:
    placed = set(_in_order(specs))
    stuck = {spec.key: spec for spec in specs if spec.key not in placed}
    if not stuck:
        return
    circle = _circle(stuck)
    position = next(index for index, spec in enumerate(specs) if spec.key == circle[0])
    detail = f"These tasks wait for each other in a circle: {_drawn(circle)}."
    raise GraphError([FieldError(f"tasks.{position}.depends_on", "cycle", detail)])


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

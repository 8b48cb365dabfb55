"""The fields of one task in a submission: what each may hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from apps.tenants.strict_json import StrictJsonError, check_keys

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_KEY = 200
LONGEST_TIMEOUT_SECONDS = 7 * 24 * 3600.0
MOST_INSTANCES = 10_000
DEFAULT_INSTANCES = 1000


@dataclass(frozen=True, slots=True)
class MapSpec:
    """One instance for each element of the list at `path` in the output of `over`."""

    over: str
    path: str
    max: int


class Refusal(Exception):
    """A value that cannot be; `within` names the field inside it that is wrong."""

    def __init__(self, code: str, detail: str, within: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.within = within


def _printable(value: object, *, longest: int) -> str:
    if not isinstance(value, str):
        raise Refusal("invalid", "Expected a text.")
    if not value.strip():
        raise Refusal("blank", "It may not be blank.")
    if len(value) > longest:
        raise Refusal("max_length", f"It has at most {longest} characters.")
    if not value.isprintable():
        raise Refusal("not_printable", "It may hold printable characters only.")
    return value


def _depends_on(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Refusal("invalid", "Expected a list of task keys.")
    return tuple(value)


def _required(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refusal("invalid", "Expected true or false.")
    return value


def _config(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Refusal("invalid", "Expected an object.")
    try:
        check_keys(value, "config")
    except StrictJsonError as error:
        raise Refusal("too_many_keys", error.detail) from None
    return value


def _whole(value: object, *, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refusal("invalid", "Expected a whole number.")
    if not low <= value <= high:
        raise Refusal("out_of_range", f"It must be from {low} to {high}.")
    return value


def _timeout_seconds(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise Refusal("invalid", "Expected a number of seconds.")
    if not 0 < value <= LONGEST_TIMEOUT_SECONDS:
        raise Refusal("out_of_range", "It must be above 0 and at most 604,800 seconds.")
    return float(value)


def _path(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal("invalid", "Expected a text.")
    if value and not all(name.strip() for name in value.split(".")):
        raise Refusal("invalid", "Expected names with single dots between them.")
    if len(value) > LONGEST_KEY or not value.isprintable():
        raise Refusal("invalid", f"It has at most {LONGEST_KEY} characters, all printable.")
    return value


def _map(value: object) -> MapSpec:
    if not isinstance(value, dict):
        raise Refusal("invalid", "Expected an object.")
    for name in sorted(value.keys() - _MAP_CHECKS.keys()):
        raise Refusal("unknown_field", "There is no such field.", name[:100])
    if "over" not in value:
        raise Refusal("required", "This field is required.", "over")
    read: dict[str, Any] = {"path": "", "max": DEFAULT_INSTANCES}
    for name, check in _MAP_CHECKS.items():
        if name in value:
            try:
                read[name] = check(value[name])
            except Refusal as refusal:
                raise Refusal(refusal.code, refusal.detail, name) from None
    return MapSpec(**read)


def _or_null(check: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else check(value)


_MAP_CHECKS: dict[str, Callable[[object], object]] = {
    "over": partial(_printable, longest=LONGEST_KEY),
    "path": _path,
    "max": partial(_whole, low=1, high=MOST_INSTANCES),
}
CHECKS: dict[str, Callable[[object], object]] = {
    "key": partial(_printable, longest=LONGEST_KEY),
    "engine_id": partial(_printable, longest=100),
    "stage": _or_null(partial(_printable, longest=100)),
    "depends_on": _depends_on,
    "required": _required,
    "config": _config,
    "max_retries": partial(_whole, low=0, high=100),
    "timeout_seconds": _or_null(_timeout_seconds),
    "priority": _or_null(partial(_whole, low=-100, high=100)),
    "map": _or_null(_map),
}
REQUIRED = frozenset({"engine_id", "key"})
DEFAULTS: dict[str, object] = {
    "stage": None,
    "depends_on": (),
    "required": True,
    "max_retries": 2,
    "timeout_seconds": None,
    "priority": None,
    "map": None,
}

"""The one gate for JSON that comes from outside: request bodies, engine outputs, heartbeats."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonValue: TypeAlias = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None

LOWEST_INTEGER = -(2**63)
HIGHEST_INTEGER = 2**64 - 1
_MAYBE_AN_INTEGER = 2.0**63
_TOO_LONG = "An integer does not fit into 64 bits."


class StrictJsonError(ValueError):
    """JSON that is refused: `detail` says why in a sentence, `attr` names the top-level field."""

    def __init__(self, detail: str, attr: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.attr = attr


def loads(raw: bytes, *, max_bytes: int) -> JsonValue:
    """The value of a JSON text. Raises StrictJsonError for whatever could not be stored as it is.

    NUL can only be written as an escape, and lone surrogates stop the parser, so most texts need
    no look at their strings. An integer beyond 64 bits silently becomes a float in orjson: where
    a float is that large, the text itself is read again. So it is where it holds more colons than
    keys: in a text, or behind a key that stands twice, of which orjson keeps the last.
    """
    if len(raw) > max_bytes:
        raise StrictJsonError(f"The JSON is larger than {max_bytes:,} bytes.")
    try:
        value: JsonValue = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise StrictJsonError(f"This is not valid JSON: {error}.") from None
    walk = _Walk(check_text=b"\\u0000" in raw)
    walk.over(value)
    if walk.saw_large_float:
        check(json.loads(raw, parse_int=_integer))
    if raw.count(b":") > walk.keys:
        _refuse_doubled_keys(raw)
    return value


def check(value: object) -> None:
    """Refuse a value that was parsed or made elsewhere, by the same rules as `loads`."""
    _Walk(check_text=True).over(value)


def check_keys(value: object, name: str) -> None:
    """Refuse one `config` or `parameters` with too many keys, nested ones counted too."""
    limit: int = settings.CONSOLE_MAX_JSON_KEYS
    count = 0
    for mapping in _mappings(value):
        count += len(mapping)
        if count > limit:
            raise StrictJsonError(f"It has more than {limit:,} keys.", name)


def _mappings(value: object) -> Iterator[dict[str, object]]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _refuse_doubled_keys(raw: bytes) -> None:
    """Read a text again that the other rules passed.

    They saw nothing of a value that another one with its key replaced: it may be nested deeper
    than Python can go, or an integer longer than Python reads.
    """
    try:
        json.loads(raw, object_pairs_hook=_once, parse_int=_integer)
    except RecursionError:
        raise StrictJsonError("A key stands twice in one object.") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object of these pairs. Raises StrictJsonError when two have the same key."""
    found = dict(pairs)
    if len(found) < len(pairs):
        (name, _), *_ = (Counter(name for name, _ in pairs)).most_common(1)
        raise StrictJsonError("This key stands twice in one object.", name[:100])
    return found


def _integer(text: str) -> int:
    """The integer; of one that is far too long, only that it is too long."""
    return int(text) if len(text) <= 20 else HIGHEST_INTEGER + 1


class _Walk:
    """One walk over a value, level by level and without recursion."""

    __slots__ = ("_attr", "_deepest", "_most", "_plain", "_values", "keys", "saw_large_float")

    def __init__(self, *, check_text: bool) -> None:
        self._plain = {type(None), bool} if check_text else {type(None), bool, str}
        self._most: int = settings.CONSOLE_MAX_JSON_VALUES
        self._deepest: int = settings.CONSOLE_MAX_JSON_DEPTH
        self._values = 0
        self._attr: str | None = None
        self.keys = 0
        self.saw_large_float = False

    def over(self, value: object) -> None:
        """Walk the fields of an object one by one, so that an error can name the field."""
        if not isinstance(value, dict):
            self._down([value], depth=0)
            return
        self._names(value)
        for name, field in value.items():
            self._attr = str(name)[:100]
            self._down([field], depth=1)

    def _down(self, level: list[object], depth: int) -> None:
        while level:
            below: list[object] = []
            for item in level:
                kind = type(item)
                if kind is dict or kind is list:
                    self._open(item, below, depth, len(level))
                elif kind not in self._plain:
                    self._leaf(item)
            self._values += len(level)
            level = below
            depth += 1

    def _open(self, item: Any, below: list[object], depth: int, beside: int) -> None:
        if depth >= self._deepest:
            self._refuse(f"It is nested deeper than {self._deepest} levels.")
        if type(item) is dict:
            self._names(item)
            below.extend(item.values())
        else:
            below.extend(item)
        if self._values + beside + len(below) > self._most:
            self._refuse(f"It has more than {self._most:,} values.")

    def _names(self, mapping: dict[object, object]) -> None:
        self.keys += len(mapping)
        if str in self._plain:
            return
        for name in mapping:
            if isinstance(name, str):
                self._text(name)
            else:
                self._refuse("A key is not text.")

    def _leaf(self, item: object) -> None:
        match item:
            case str():
                self._text(item)
            case int():
                if not LOWEST_INTEGER <= item <= HIGHEST_INTEGER:
                    self._refuse(_TOO_LONG)
            case float():
                if not math.isfinite(item):
                    self._refuse("A number is infinite or not a number.")
                self.saw_large_float |= abs(item) >= _MAYBE_AN_INTEGER
            case _:
                self._refuse(f"A value of type {type(item).__name__} is not JSON.")

    def _text(self, text: str) -> None:
        if "\0" in text:
            self._refuse("A text holds the character U+0000.")
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            self._refuse("A text holds half of a surrogate pair.")

    def _refuse(self, detail: str) -> None:
        raise StrictJsonError(detail, self._attr)

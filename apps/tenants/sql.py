"""Hand-written statements for what every task passes through, on PostgreSQL and SQLite alike."""

from __future__ import annotations

import re
import threading
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import BooleanField, DateTimeField, ForeignKey, JSONField, Model, UUIDField
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Row = tuple[Any, ...]

ModelT = TypeVar("ModelT", bound=Model)

_ROWS = re.compile(r"ROWS (?P<name>\w+)\((?P<columns>[^)]*)\)")
_LOCKS = re.compile(r"FOR (?:NO KEY )?UPDATE(?: OF \w+)?(?: SKIP LOCKED)?")
_CASTS = re.compile(r"::\w+")


Statement = tuple[str, "Sequence[Any]"]
"""A text and its parameters."""


def run(text: str, *params: Any) -> list[Row]:
    """Run one statement and return its rows.

    Written in PostgreSQL's dialect. `ROWS r(id uuid, n int)` stands for a common table whose rows
    come from one parameter made by `rows`; locks and casts are left out on SQLite, where a
    transaction holds the only lock there is. Values that come back are those of the driver: see
    `uuid_of`, `time_of` and `json_of`. On PostgreSQL statements are prepared, so that the server
    plans each once.
    """
    return batch((text, params))[0]


def batch(*statements: Statement, last: bool = False) -> list[list[Row]]:
    """Run statements one after another, in one round trip where possible; the rows of each.

    `last`: nothing follows in this transaction, so its end may travel along.
    """
    if connection.vendor == "postgresql":
        return _batch_postgresql(statements, last=last)
    _give_clock()
    direct = connection.connection
    with connection.wrap_database_errors:
        return [
            direct.execute(_sqlite(text), [_for_sqlite(v) for v in params]).fetchall()
            for text, params in statements
        ]


def _batch_postgresql(statements: Sequence[Statement], *, last: bool) -> list[list[Row]]:
    # Not at the top: an embedded console never loads it.
    from psycopg import Cursor
    from psycopg.pq import TransactionStatus

    connection.ensure_connection()
    direct = connection.connection
    cursors = [Cursor(direct) for _ in statements]
    # Django finds the transaction ended and leaves it so; a savepoint's end is not ours to say.
    ends = last and connection.in_atomic_block and not connection.savepoint_ids
    begins = connection.in_atomic_block and direct.info.transaction_status == TransactionStatus.IDLE
    with connection.wrap_database_errors:
        if begins:
            # psycopg waits for the BEGIN that it sends by itself, and does not send it now.
            direct.autocommit = True
        with direct.pipeline() if len(statements) > 1 or begins or ends else nullcontext():
            if begins:
                direct.execute("BEGIN")
            for cursor, (text, params) in zip(cursors, statements, strict=True):
                cursor.execute(_postgresql(text), params, prepare=True)
            if ends:
                direct.execute("COMMIT", prepare=True)
        # Fetched once all are answered: asking before would be a round trip of its own.
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def _give_clock() -> None:
    """SQLite's own clock knows milliseconds only. Asked for within a statement, it is read once
    the statement has the write lock: nothing seems to have begun before what it waited for ended.
    """
    connection.ensure_connection()
    if getattr(_thread, "clock", None) is not connection.connection:
        connection.connection.create_function("clock_timestamp", 0, lambda: time_in(timezone.now()))
        _thread.clock = connection.connection


def together(
    *statements: Statement, then: Statement | None = None, last: bool = False
) -> list[Row]:
    """Run statements that do not need each other's results, and one after them.

    Each must return rows (`RETURNING 1` will do); none but `then` may write a row that another
    writes. The rows of the last are returned. `last` as in `batch`.
    """
    if connection.vendor == "postgresql":
        statements = (_merged(statements),) if statements else ()
    return batch(*statements, *([then] if then else []), last=last)[-1]


def _merged(statements: Sequence[Statement]) -> Statement:
    """One statement that does the work of several."""
    parts = [f"w{n} AS ({text})" for n, (text, _) in enumerate(statements[:-1])]
    last = statements[-1][0].lstrip()
    if parts and last.startswith("WITH "):
        last = f", {last.removeprefix('WITH ')}"
    head = f"WITH {', '.join(parts)} " if parts else ""
    return head + last, [value for _, params in statements for value in params]


_thread = threading.local()
# What is switched off only becomes dear, and a dear plan would be compiled (half a second).
_NEVER = 1_000_000_000
_STEADY = "SET jit = off; SET plan_cache_mode = force_generic_plan; " + "; ".join(
    f"SET enable_{method} = off" for method in ("seqscan", "hashjoin", "mergejoin", "sort")
)


def steady_plans() -> None:
    """Have this thread's statements prepared, and planned once, over indexes from the first row on.

    A plan made while tables are small or not yet analysed reads them whole, and a prepared
    statement keeps it while they grow. For a connection that only touches rows by their indexes,
    and that no pooler between us and the server shares out by transaction.
    """
    if connection.vendor != "postgresql":
        return
    connection.ensure_connection()
    if getattr(_thread, "steady", None) is not connection.connection:
        with connection.cursor() as cursor:
            cursor.execute(_STEADY)
        # Django's None would have `prepare=True` ignored; this leaves its own statements alone.
        connection.connection.prepare_threshold = _NEVER
        _thread.steady = connection.connection


def rows(values: Sequence[Mapping[str, Any]]) -> str:
    """The parameter of a `ROWS` clause: ids from `uuid_in`, times from `time_in`, JSON as text."""
    return orjson.dumps(values).decode()


def time_in(at: datetime | None) -> str | None:
    """A time as a text that both databases store as Django does."""
    if at is None:
        return None
    return str(at.astimezone(UTC).replace(tzinfo=None)) if _lite() else at.isoformat()


def uuid_in(value: UUID | None) -> str | None:
    """An id as a text in a `ROWS` parameter."""
    return None if value is None else value.hex


def uuid_of(value: Any) -> UUID:
    """An id that came back."""
    return value if isinstance(value, UUID) else UUID(value)


def time_of(value: Any) -> datetime | None:
    """A time that came back; SQLite's carry no zone."""
    at = parse_datetime(value) if isinstance(value, str) else value
    if at is None or not is_naive(at):
        return at
    return at.replace(tzinfo=UTC)


def json_of(value: Any) -> Any:
    """A JSON column that came back."""
    return orjson.loads(value) if isinstance(value, (str, bytes)) else value


def model_of(model: type[ModelT], names: Sequence[str], row: Row) -> ModelT:
    """The model whose columns of these names came back, all of them."""
    values = [_reading(model, name)(value) for name, value in zip(names, row, strict=False)]
    return model.from_db(connection.alias, names, values)


@cache
def _reading(model: type[Model], name: str) -> Callable[[Any], Any]:
    """What makes the field's value of the driver's."""
    field = model._meta.get_field(name)
    target = field.target_field if isinstance(field, ForeignKey) else field
    for kind, read in _READINGS.items():
        if isinstance(target, kind):
            return read
    return lambda value: value


def json_in(value: object) -> str:
    """A value for a JSON column."""
    return orjson.dumps(value).decode()


_READINGS: dict[type[Any], Callable[[Any], Any]] = {
    UUIDField: lambda value: None if value is None else uuid_of(value),
    DateTimeField: time_of,
    JSONField: json_of,
    BooleanField: bool,
}


@cache
def _lite() -> bool:
    return connection.vendor == "sqlite"


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return time_in(value) if isinstance(value, datetime) else value


@cache
def _postgresql(text: str) -> bytes:
    def table(match: re.Match[str]) -> str:
        name, columns = match["name"], match["columns"]
        return f"{name} AS (SELECT * FROM json_to_recordset(%s::json) AS x({columns}))"  # noqa: S608

    return _ROWS.sub(table, text).encode()


@cache
def _sqlite(text: str) -> str:
    def table(match: re.Match[str]) -> str:
        names = [column.split()[0] for column in match["columns"].split(",")]
        picked = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in names)
        return f"{match['name']} AS MATERIALIZED (SELECT {picked} FROM json_each(%s))"  # noqa: S608

    return _CASTS.sub("", _LOCKS.sub("", _ROWS.sub(table, text))).replace("%s", "?")

"""Reading task logs: pages of one attempt by line number, of a whole job in time."""

from __future__ import annotations

import operator
import zlib
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest, nsmallest
from math import inf
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import orjson
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from apps.tasks.logs import LEVELS
from apps.tasks.models import TaskLog
from apps.tenants.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from django.db.models import QuerySet

DROPPED_LEVEL = "warning"
_COLUMNS = ("task_id", "task__key", "attempt", "first_n", "first_at", "last_at", "body", "previous")
_AFTER_ALL = "~"


class LogLine(TypedDict):
    """A line. One with `dropped` was not printed: it stands for so many lines, `n` the last."""

    n: int
    at: str
    level: str
    text: str
    dropped: NotRequired[int]
    task_id: NotRequired[str]
    key: NotRequired[str]
    attempt: NotRequired[int]


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines in order, the `after` that continues them and the `before` that leads up to them.

    Either is as it was asked where there is no line.
    """

    lines: Sequence[LogLine]
    next: str | int | None
    previous: str | int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: at least this level, holding this text (case does not matter)."""

    level: str | None = None
    q: str | None = None

    def takes(self, line: LogLine) -> bool:
        if self.level is not None and LEVELS.index(line["level"]) < LEVELS.index(self.level):
            return False
        return self.q is None or self.q.casefold() in line["text"].casefold()


def read_task(
    task_id: UUID,
    attempt: int,
    wanted: Wanted,
    *,
    after: int = 0,
    before: int | None = None,
    tail: int | None = None,
    limit: int = 1000,
) -> LogPage:
    """Lines of one attempt with `after < n < before`, or the last `tail` of them."""
    chunks = TaskLog.objects.filter(task_id=task_id, attempt=attempt, last_n__gt=after)
    if before is not None:
        # A chunk brings the line about what was dropped right before it.
        chunks = chunks.filter(first_n__lte=before)
    back = tail is not None
    lines: list[LogLine] = []
    last = after
    for line in _lines(chunks.order_by("-first_n" if back else "first_n"), back=back):
        if not after < line["n"] < (before or inf):
            continue
        if len(lines) == (tail or limit):
            break
        last = max(last, line["n"])
        if wanted.takes(line):
            lines.append(line)
    if back:
        lines.reverse()
    return LogPage(lines, last, lines[0]["n"] if lines else before)


def read_job(
    job_id: UUID,
    wanted: Wanted,
    *,
    attempt: int | None = None,
    after: str | None = None,
    before: str | None = None,
    tail: int | None = None,
    limit: int = 1000,
) -> LogPage:
    """Lines of all tasks of a job in time order, between two places that former pages gave."""
    chunks = TaskLog.objects.filter(task__job_id=job_id)
    if attempt is not None:
        chunks = chunks.filter(attempt=attempt)
    if after is not None:
        chunks = chunks.filter(last_at__gte=_time_of(after))
    if before is not None:
        chunks = chunks.filter(first_at__lte=_time_of(before))
    edge, beyond, pick = (
        ("first_at", operator.gt, nsmallest) if tail is None else ("last_at", operator.lt, nlargest)
    )
    most = tail or limit
    found: list[tuple[str, LogLine]] = []
    for chunk in _rows(chunks.order_by(edge if tail is None else f"-{edge}", "id")):
        if len(found) == most and beyond(stamp(chunk[edge]), found[-1][1]["at"]):
            break
        placed = _placed(chunk, after or "", before or _AFTER_ALL)
        fitting = [pair for pair in placed if wanted.takes(pair[1])]
        found = pick(most, [*found, *fitting], key=operator.itemgetter(0))
    found.sort(key=operator.itemgetter(0))
    first, last = (found[0][0], found[-1][0]) if found else (before, after)
    return LogPage([line for _, line in found], last, first)


def _rows(chunks: QuerySet[TaskLog]) -> Iterator[dict[str, Any]]:
    """Chunks with `previous`: the last line that is kept before each, of the same attempt."""
    before = TaskLog.objects.filter(
        task_id=OuterRef("task_id"),
        attempt=OuterRef("attempt"),
        first_n__lt=OuterRef("first_n"),
    ).order_by("-first_n")
    known = chunks.annotate(previous=Coalesce(Subquery(before.values("last_n")[:1]), 0))
    yield from known.values(*_COLUMNS).iterator(chunk_size=8)


def _lines(chunks: QuerySet[TaskLog], *, back: bool) -> Iterator[LogLine]:
    for chunk in _rows(chunks):
        lines = _lines_of(chunk)
        yield from reversed(list(lines)) if back else lines


def _lines_of(chunk: dict[str, Any]) -> Iterator[LogLine]:
    """The lines of a chunk; first of all, how many were dropped before it."""
    dropped: int = chunk["first_n"] - chunk["previous"] - 1
    if dropped:
        yield {
            "n": chunk["first_n"] - 1,
            "at": stamp(chunk["first_at"]),
            "level": DROPPED_LEVEL,
            "text": f"{dropped:,} {'line' if dropped == 1 else 'lines'} dropped",
            "dropped": dropped,
        }
    for n, at, level, text in orjson.loads(zlib.decompress(chunk["body"])):
        yield {"n": n, "at": at, "level": level, "text": text}


def _placed(chunk: dict[str, Any], after: str, before: str) -> Iterator[tuple[str, LogLine]]:
    """The lines of a chunk between two places, each with its own and whose it is."""
    task_id, attempt = str(chunk["task_id"]), chunk["attempt"]
    for line in _lines_of(chunk):
        place = f"{line['at']}/{task_id}/{attempt:06d}/{line['n']:09d}"
        if after < place < before:
            line["task_id"], line["key"], line["attempt"] = task_id, chunk["task__key"], attempt
            yield place, line


def _time_of(place: str) -> datetime:
    return datetime.fromisoformat(place.partition("/")[0])

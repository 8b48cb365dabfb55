"""Task logs: lines in compressed chunks, the head and the tail of each attempt kept."""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.db.models import Q

from apps.tasks.models import TaskLog
from apps.tenants.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from django.db.models import QuerySet

CHUNK_BYTES = 64 * 1024
LEVELS = ("debug", "info", "warning", "error")
CUT = " … [line cut]"

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(9), *range(10, 32), 127)}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in the attempt, from 1."""

    n: int
    at: datetime
    level: str
    text: str


class LogBuffer:
    """Lines of one attempt on their way to the database; bounded whatever the engine prints."""

    def __init__(self, task_id: UUID, attempt: int) -> None:
        self.task_id = task_id
        self.attempt = attempt
        self.written = 0
        self.last_error = ""
        self._half = settings.CONSOLE_LOG_LINES // 2
        self._head: list[Line] = []
        self._tail: deque[Line] = deque(maxlen=self._half)
        self._partial: dict[str, bytes] = {}

    def feed(self, data: bytes, level: str) -> list[str]:
        """Take raw output; returns the whole lines it ended, as they are kept."""
        *lines, rest = (self._partial.pop(level, b"") + data).split(b"\n")
        limit: int = settings.CONSOLE_LOG_LINE_BYTES
        if len(rest) > limit:
            rest = rest[: limit + 1]
        if rest:
            self._partial[level] = rest
        return [self.add(readable(line), level) for line in lines]

    def finish(self) -> None:
        """The streams have ended: an unfinished line is a line."""
        for level, rest in list(self._partial.items()):
            self.add(readable(rest), level)
        self._partial.clear()

    def add(self, text: str, level: str) -> str:
        """Add one line."""
        self.written += 1
        line = Line(self.written, datetime.now(UTC), level, text)
        if self.written <= self._half:
            self._head.append(line)
        else:
            self._tail.append(line)
        if level in ("warning", "error") and text.strip():
            self.last_error = text
        return text

    def store(self) -> None:
        """Write what has come since; drop what lies between head and tail."""
        for lines in (self._head, list(self._tail)):
            TaskLog.objects.bulk_create(self._chunks(lines))
        overflow = self.written - self._half
        self._head = []
        self._tail.clear()
        if overflow > self._half:
            TaskLog.objects.filter(
                task_id=self.task_id,
                attempt=self.attempt,
                first_n__gt=self._half,
                last_n__lte=self.written - self._half,
            ).delete()

    @property
    def waiting(self) -> bool:
        """Whether there is something to store."""
        return bool(self._head or self._tail)

    def _chunks(self, lines: list[Line]) -> Iterator[TaskLog]:
        for part in _parts(lines):
            rows = [(line.n, stamp(line.at), line.level, line.text) for line in part]
            yield TaskLog(
                task_id=self.task_id,
                attempt=self.attempt,
                first_n=part[0].n,
                last_n=part[-1].n,
                first_at=part[0].at,
                last_at=part[-1].at,
                body=zlib.compress(orjson.dumps(rows), 6),
            )


def readable(raw: bytes) -> str:
    """Bytes of a line as text that can be stored and shown: cut, decoded, controls visible."""
    limit: int = settings.CONSOLE_LOG_LINE_BYTES
    cut = CUT if len(raw) > limit else ""
    text = raw[:limit].rstrip(b"\r").decode("utf-8", "backslashreplace")
    return text.translate(_ESCAPES) + cut


def _parts(lines: list[Line]) -> Iterator[list[Line]]:
    part: list[Line] = []
    size = 0
    for line in lines:
        if part and size + len(line.text) > CHUNK_BYTES:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line.text) + 60
    if part:
        yield part


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines in order, and the `after` that continues them (`None`: that was all so far)."""

    lines: list[dict[str, Any]]
    next: str | int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: at least this level, holding this text (case does not matter)."""

    level: str | None = None
    q: str | None = None

    def takes(self, level: str, text: str) -> bool:
        if self.level is not None and LEVELS.index(level) < LEVELS.index(self.level):
            return False
        return self.q is None or self.q.casefold() in text.casefold()


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
        chunks = chunks.filter(first_n__lt=before)
    if tail is None:
        return _forward(chunks.order_by("first_n"), wanted, (after, before), limit)
    lines: list[dict[str, Any]] = []
    for n, at, level, text in _lines(chunks.order_by("-first_n"), (after, before), back=True):
        if len(lines) == tail:
            break
        if wanted.takes(level, text):
            lines.append({"n": n, "at": at, "level": level, "text": text})
    lines.reverse()
    return LogPage(lines, lines[-1]["n"] if lines else after)


def _forward(
    chunks: QuerySet[TaskLog], wanted: Wanted, bounds: tuple[int, int | None], limit: int
) -> LogPage:
    lines: list[dict[str, Any]] = []
    last = bounds[0]
    for n, at, level, text in _lines(chunks, bounds, back=False):
        if len(lines) == limit:
            break
        last = n
        if wanted.takes(level, text):
            lines.append({"n": n, "at": at, "level": level, "text": text})
    return LogPage(lines, last)


def _lines(
    chunks: QuerySet[TaskLog], bounds: tuple[int, int | None], *, back: bool
) -> Iterator[tuple[int, str, str, str]]:
    low, high = bounds
    for chunk in chunks.iterator(chunk_size=8):
        rows = orjson.loads(zlib.decompress(chunk.body))
        for n, at, level, text in reversed(rows) if back else rows:
            if low < n and (high is None or n < high):
                yield n, at, level, text


def read_job(
    job_id: UUID, wanted: Wanted, *, after: str | None = None, limit: int = 1000
) -> LogPage:
    """Lines of all tasks of a job in time order; `after` is a former page's `next`."""
    since = after or ""
    chunks = TaskLog.objects.filter(task__job_id=job_id).select_related("task")
    if after is not None:
        chunks = chunks.filter(Q(last_at__gte=datetime.fromisoformat(after.split("/")[0])))
    lines: list[tuple[str, dict[str, Any]]] = []
    for chunk in chunks.only("task__key", "task_id", "attempt", "first_at", "body").order_by(
        "first_at", "id"
    ):
        if len(lines) > limit and stamp(chunk.first_at) > sorted(lines)[limit][0].split("/")[0]:
            break
        for n, at, level, text in orjson.loads(zlib.decompress(chunk.body)):
            place = f"{at}/{chunk.task_id}/{chunk.attempt:06d}/{n:09d}"
            if place > since and wanted.takes(level, text):
                lines.append(
                    (
                        place,
                        {
                            "n": n,
                            "at": at,
                            "level": level,
                            "text": text,
                            "task_id": str(chunk.task_id),
                            "key": chunk.task.key,
                            "attempt": chunk.attempt,
                        },
                    )
                )
    lines.sort(key=lambda pair: pair[0])
    page = lines[:limit]
    return LogPage([line for _, line in page], page[-1][0] if page else after)

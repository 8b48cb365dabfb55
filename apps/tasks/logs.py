"""Task logs: lines in compressed chunks, the head and the tail of each attempt kept."""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import orjson
from django.conf import settings
from django.db import transaction

from apps.tasks.models import TaskLog
from apps.tenants import hints
from apps.tenants.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

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
        transaction.on_commit(partial(hints.log_grew, self.task_id))
        self._head = []
        self._tail.clear()
        if self.written > 2 * self._half:
            self._drop_the_middle(self.written - self._half)

    @property
    def waiting(self) -> bool:
        """Whether there is something to store."""
        return bool(self._head or self._tail)

    def _drop_the_middle(self, last: int) -> None:
        """Drop the lines after the head up to number `last`, which a chunk may hold in its middle.

        What is dropped is recorded nowhere: it is what the numbers of the chunks leave out.
        """
        after_head = TaskLog.objects.filter(
            task_id=self.task_id, attempt=self.attempt, first_n__gt=self._half
        )
        after_head.filter(last_n__lte=last).delete()
        for chunk in after_head.filter(first_n__lte=last):
            rows = [row for row in orjson.loads(zlib.decompress(chunk.body)) if row[0] > last]
            chunk.first_n = last + 1
            chunk.first_at = datetime.fromisoformat(rows[0][1])
            chunk.body = _packed(rows)
            chunk.save(update_fields=["first_n", "first_at", "body"])

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
                body=_packed(rows),
            )


def readable(raw: bytes) -> str:
    """Bytes of a line as text that can be stored and shown: cut, decoded, controls visible."""
    limit: int = settings.CONSOLE_LOG_LINE_BYTES
    cut = CUT if len(raw) > limit else ""
    text = raw[:limit].rstrip(b"\r").decode("utf-8", "backslashreplace")
    return text.translate(_ESCAPES) + cut


def _packed(rows: Sequence[object]) -> bytes:
    return zlib.compress(orjson.dumps(rows), 6)


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

"""Logs: what can be asked of them, and how a page of lines looks."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from apps.tasks import log_pages
from apps.tasks.log_pages import LogLine, LogPage, Wanted
from apps.tasks.logs import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

LARGEST = 2**31 - 1
_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)/[0-9a-f-]{36}/\d{6}/\d{9}")


class LineQuery(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=LEVELS, required=False, help_text="At least this.")
    q = serializers.CharField(max_length=64, required=False, help_text="Text the line holds.")
    tail = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, help_text="The last so many of these lines."
    )


class TaskLogQuery(LineQuery):
    attempt = serializers.IntegerField(
        min_value=1, max_value=LARGEST, required=False, help_text="The current one by default."
    )
    after = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)
    before = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)


class JobLogQuery(LineQuery):
    attempt = serializers.IntegerField(
        min_value=1, max_value=LARGEST, required=False, help_text="All by default."
    )
    after = serializers.CharField(
        max_length=100, required=False, help_text="The `next` of a former page."
    )
    before = serializers.CharField(
        max_length=100, required=False, help_text="The `previous` of a former page."
    )

    def validate_after(self, after: str) -> str:
        """A place we gave out."""
        return _place(after, "Send the `next` of a former page.")

    def validate_before(self, before: str) -> str:
        """A place we gave out."""
        return _place(before, "Send the `previous` of a former page.")


def _place(text: str, remedy: str) -> str:
    match = _PLACE.fullmatch(text)
    try:
        datetime.fromisoformat(match[1] if match else "")
    except ValueError:
        raise ValidationError(remedy, code="invalid") from None
    return text


class TaskLineSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    at = serializers.DateTimeField()
    level = serializers.CharField()
    text = serializers.CharField()
    dropped = serializers.IntegerField(
        required=False,
        help_text="Only on a line that stands for so many dropped ones; `n` is the last of them.",
    )


class JobLineSerializer(TaskLineSerializer):
    task_id = serializers.UUIDField()
    key = serializers.CharField()
    attempt = serializers.IntegerField()


class TaskLogPageSerializer(serializers.Serializer[Any]):
    lines = TaskLineSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)
    previous = serializers.IntegerField(allow_null=True)


class JobLogPageSerializer(serializers.Serializer[Any]):
    lines = JobLineSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class Lines(TypedDict):
    """Lines, the `after` that continues them and the `before` that leads up to them."""

    lines: Sequence[LogLine]
    next: str | int | None
    previous: str | int | None


class JobPlaces(TypedDict, total=False):
    """Where in the log of a job, and how much of it."""

    attempt: int
    after: str
    before: str
    tail: int


def task_log(
    task_id: UUID, attempt: int, *, level: str | None = None, q: str | None = None, **places: int
) -> Lines:
    """Lines of one attempt."""
    return _shown(log_pages.read_task(task_id, attempt, Wanted(level, q), **places))


def job_log(
    job_id: UUID, *, level: str | None = None, q: str | None = None, **places: Unpack[JobPlaces]
) -> Lines:
    """Lines of all tasks of a job, in time."""
    return _shown(log_pages.read_job(job_id, Wanted(level, q), **places))


def _shown(page: LogPage) -> Lines:
    return {"lines": page.lines, "next": page.next, "previous": page.previous}

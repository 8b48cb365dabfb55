"""Logs: what can be asked of them, and how a page of lines looks."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from apps.tasks import logs
from apps.tasks.logs import LEVELS, LogPage, Wanted

if TYPE_CHECKING:
    from uuid import UUID

LARGEST = 2**31 - 1
_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)/[0-9a-f-]{36}/\d{6}/\d{9}")


class LineQuery(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=LEVELS, required=False, help_text="At least this.")
    q = serializers.CharField(max_length=64, required=False, help_text="Text the line holds.")


class TaskLogQuery(LineQuery):
    attempt = serializers.IntegerField(
        min_value=1, max_value=LARGEST, required=False, help_text="The current one by default."
    )
    after = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)
    before = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)
    tail = serializers.IntegerField(min_value=1, max_value=1000, required=False)


class JobLogQuery(LineQuery):
    after = serializers.CharField(
        max_length=100, required=False, help_text="The `next` of a former page."
    )

    def validate_after(self, after: str) -> str:
        """A place we gave out."""
        match = _PLACE.fullmatch(after)
        try:
            datetime.fromisoformat(match[1] if match else "")
        except ValueError:
            raise ValidationError("Send the `next` of a former page.", code="invalid") from None
        return after


class TaskLineSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    at = serializers.DateTimeField()
    level = serializers.CharField()
    text = serializers.CharField()


class JobLineSerializer(TaskLineSerializer):
    task_id = serializers.UUIDField()
    key = serializers.CharField()
    attempt = serializers.IntegerField()


class TaskLogPageSerializer(serializers.Serializer[Any]):
    lines = TaskLineSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)


class JobLogPageSerializer(serializers.Serializer[Any]):
    lines = JobLineSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class Lines(TypedDict):
    """Lines, and the `after` that continues them."""

    lines: list[dict[str, Any]]
    next: str | int | None


def task_log(
    task_id: UUID, attempt: int, *, level: str | None = None, q: str | None = None, **places: int
) -> Lines:
    """Lines of one attempt."""
    return _shown(logs.read_task(task_id, attempt, Wanted(level, q), **places))


def job_log(
    job_id: UUID, *, level: str | None = None, q: str | None = None, after: str | None = None
) -> Lines:
    """Lines of all tasks of a job, in time."""
    return _shown(logs.read_job(job_id, Wanted(level, q), after=after))


def _shown(page: LogPage) -> Lines:
    return {"lines": page.lines, "next": page.next}

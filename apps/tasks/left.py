"""What attempts leave behind: their logs and their files."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.jobs.models import StoredFile


class TaskLog(models.Model):
    """A chunk of an attempt's log: lines `first_n` to `last_n`, zlib-compressed JSON.

    The head and the tail of a long log are kept; chunks between them are dropped, which shows as
    a gap in the numbers.
    """

    task = models.ForeignKey(
        "tasks.Task", on_delete=models.CASCADE, related_name="log_chunks", db_index=False
    )
    attempt = models.PositiveIntegerField()
    first_n = models.PositiveIntegerField()
    last_n = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    body = models.BinaryField()

    tenant_path = "task__job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "attempt", "first_n"], name="task_log_once"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}/{self.attempt} lines {self.first_n}-{self.last_n}"


class TaskFile(models.Model):
    """A file that a completed attempt of a task left behind."""

    task = models.ForeignKey(
        "tasks.Task", on_delete=models.CASCADE, related_name="files", db_index=False
    )
    attempt = models.PositiveIntegerField()
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="left_by")

    tenant_path = "task__job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "file"], name="task_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} of {self.task_id}"

"""The cards that attempts hold."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class CardHold(models.Model):
    """A card that was given to an attempt: `memory_mb` of it in MiB, or all of it where that is
    null.

    It holds while the task runs at this attempt, and is the attempt's record afterwards: nothing
    has to give it back. `clears`: idle engine hosts had to leave the card for it.
    """

    task = models.ForeignKey(
        "tasks.Task", on_delete=models.CASCADE, related_name="card_holds", db_index=False
    )
    attempt = models.PositiveIntegerField()
    uuid = models.CharField(max_length=96)
    memory_mb = models.PositiveIntegerField(null=True)
    clears = models.BooleanField(default=False)

    tenant_path = "task__job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "attempt", "uuid"], name="card_hold_once"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} attempt {self.attempt} on {self.uuid}"

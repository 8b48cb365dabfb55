"""What every answer to "why" is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from apps.tasks.models import Attempt, Task


class Blocking(TypedDict):
    """A task that must end first, or did not end well."""

    id: UUID
    key: str
    status: str


class Answer(TypedDict, total=False):
    """What one status has to say; `detail` is the sentence."""

    reason: str
    detail: str
    since: datetime | None
    blocking: list[Blocking]
    position: int | None
    eta: datetime | None


@dataclass(frozen=True, slots=True)
class Case:
    """A task, its attempts, when it began to wait anew, and whose eyes the answer is for."""

    task: Task
    attempts: Sequence[Attempt]
    begun: Sequence[datetime]
    to_tenant: bool
    now: datetime

    def clock(self, at: datetime) -> str:
        """A time as a sentence says it: of another day with its date."""
        day = "" if at.date() == self.now.date() else f"{at:%Y-%m-%d} "
        return f"{day}{at:%H:%M:%S} UTC"


def first_line(error: str | None) -> str:
    """What an error begins with, as a sentence."""
    lines = (error or "").strip().splitlines()
    line = lines[0][:300] if lines else "no reason was given"
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."

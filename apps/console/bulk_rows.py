"""A bulk action as the API shows it: its progress, and how each job fared."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count

from apps.console.actors import shown_actor
from apps.jobs.models import BulkItem
from apps.jobs.status import BulkResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from apps.jobs.models import BulkAction


_RESULTS: dict[str, Sequence[str]] = {
    "pending": [""],
    "failed": [BulkResult.REFUSED, BulkResult.GONE],
    **{result.value: [result] for result in BulkResult},
}
"""What the items can be narrowed to."""

RESULTS = sorted(_RESULTS)


class ItemRow(TypedDict):
    """One job of it. `result` is None until it was its turn."""

    job_id: UUID
    result: str | None
    detail: str | None


class BulkRow(TypedDict):
    """The action. `failed` counts the refused and the gone; `next` is the `after` that follows."""

    id: UUID
    action: str
    actor: str
    created_at: datetime
    completed_at: datetime | None
    total: int
    done: int
    succeeded: int
    failed: int
    pending: int
    items: list[ItemRow]
    next: UUID | None


def bulk_row(
    bulk: BulkAction, *, after: UUID | None, limit: int, result: str | None, to_tenant: bool
) -> BulkRow:
    """The action with a page of its jobs, in the order they were submitted. Three queries."""
    counts = dict(
        BulkItem.objects.filter(bulk_id=bulk.pk)
        .order_by()
        .values_list("result")
        .annotate(number=Count("id"))
    )
    total, pending = sum(counts.values()), counts.get("", 0)
    succeeded = counts.get(BulkResult.DONE, 0)
    items, more = _items(bulk, after, limit, result)
    return {
        "id": bulk.pk,
        "action": bulk.action,
        "actor": shown_actor(bulk.actor["name"], to_tenant=to_tenant),
        "created_at": bulk.created_at,
        "completed_at": bulk.completed_at,
        "total": total,
        "done": total - pending,
        "succeeded": succeeded,
        "failed": total - pending - succeeded,
        "pending": pending,
        "items": items,
        "next": items[-1]["job_id"] if more else None,
    }


def _items(
    bulk: BulkAction, after: UUID | None, limit: int, result: str | None
) -> tuple[list[ItemRow], bool]:
    found = BulkItem.objects.filter(bulk_id=bulk.pk).order_by("job_id")
    if result is not None:
        found = found.filter(result__in=_RESULTS[result])
    if after is not None:
        found = found.filter(job_id__gt=after)
    rows = list(found.values_list("job_id", "result", "detail")[: limit + 1])
    page: list[ItemRow] = [
        {"job_id": job_id, "result": outcome or None, "detail": detail or None}
        for job_id, outcome, detail in rows[:limit]
    ]
    return page, len(rows) > limit

"""A job's event log, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from apps.console.actors import shown_actor
from apps.jobs.models import JobEvent

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

PAGE = 200
_NAME_ACTORS = ("cancel_requested_by", "raised_by")


class EventRow(TypedDict):
    """One change of a job and its tasks."""

    seq: int
    at: datetime
    type: str
    actor: str
    changes: dict[str, Any]


class EventPage(TypedDict):
    """Events in order; `next` is the `after` of the page that follows, None at the end."""

    events: list[EventRow]
    next: int | None


def event_page(job_id: UUID, after: int, *, to_tenant: bool) -> EventPage:
    """The events behind `after`, as a tenant or as staff see them."""
    found = (
        JobEvent.objects.filter(job_id=job_id, seq__gt=after)
        .order_by("seq")
        .values_list("seq", "at", "type", "actor", "changes")[: PAGE + 1]
    )
    events: list[EventRow] = [
        {
            "seq": seq,
            "at": at,
            "type": kind,
            "actor": shown_actor(actor, to_tenant=to_tenant),
            "changes": _shown(changes, to_tenant=to_tenant),
        }
        for seq, at, kind, actor, changes in found
    ]
    more = len(events) > PAGE
    return {"events": events[:PAGE], "next": events[PAGE - 1]["seq"] if more else None}


def _shown(changes: dict[str, Any], *, to_tenant: bool) -> dict[str, Any]:
    job = changes.get("job", {})
    named = [name for name in _NAME_ACTORS if job.get(name)]
    if not named:
        return changes
    shown = {name: shown_actor(job[name], to_tenant=to_tenant) for name in named}
    return {**changes, "job": {**job, **shown}}

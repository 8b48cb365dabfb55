"""What ends of tasks set free: their dependents, and templates on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.tasks import mapping, transitions
from apps.tenants import sql

if TYPE_CHECKING:
    from uuid import UUID

    from apps.jobs.transitions import Change

Doomed = dict["UUID", tuple["Change", str, str]]
"""Jobs that have lost a required task for good: its key, and its error."""


def release(
    ends: transitions.Ends, doomed: Doomed, found: list[sql.Row] | None = None
) -> list[tuple[UUID, str]]:
    """Ready what waited for these ends only, expanding and ending templates on the way.

    `found` are the rows of `release_statement(ends)` where it has run already. Returns what became
    ready with its engine; a required template that fails is put in `doomed`.
    """
    readied: list[tuple[UUID, str]] = []
    while ends:
        if found is None:
            (found,) = sql.batch(transitions.release_statement(ends))
        freed = transitions.released(ends, found)
        by_job = {change.job.id: change for change, _ in ends}
        ends, found = [], None
        for job_id, free in freed.items():
            readied += free.ready
            if not free.templates:
                continue
            change = by_job[job_id]
            advanced = mapping.advance(change, free.templates)
            readied += advanced.readied
            if advanced.ended:
                ends.append((change, advanced.ended))
            for template, error in advanced.broken:
                doomed.setdefault(job_id, (change, template.key, error))
    return readied

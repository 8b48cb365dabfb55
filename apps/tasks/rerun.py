"""Running tasks of an ended job again: which ones, and what each of them then waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.tasks import mapping, transitions, usage
from apps.tasks.bell import ring_on_commit
from apps.tasks.models import Task, TaskDependency
from apps.tasks.release import Doomed, release
from apps.tasks.settle import doom
from apps.tasks.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from apps.jobs.models import Job
    from apps.jobs.transitions import Change

LACKING = frozenset({TaskStatus.FAILED, TaskStatus.SKIPPED, TaskStatus.CANCELLED})


class Node:
    """A task as a retry sees it. `template`: of which it is an instance."""

    __slots__ = ("dependents", "depends_on", "required", "status", "template")

    def __init__(self, status: str, required: bool, template: UUID | None) -> None:
        self.status = status
        self.required = required
        self.template = template
        self.depends_on: list[UUID] = []
        self.dependents: list[UUID] = []

    @property
    def ended_well(self) -> bool:
        if self.status == TaskStatus.COMPLETED:
            return True
        return not self.required and self.status in (TaskStatus.FAILED, TaskStatus.SKIPPED)


def nodes(job: Job) -> dict[UUID, Node]:
    """All tasks of a job, with their edges both ways."""
    columns = ("id", "status", "required", "mapped_from_id")
    rows = {
        task_id: Node(status, required, template)
        for task_id, status, required, template in Task.objects.filter(job=job).values_list(
            *columns
        )
    }
    edges = TaskDependency.objects.filter(task__job=job).values_list("task_id", "depends_on_id")
    for task_id, needed in edges:
        rows[task_id].depends_on.append(needed)
        rows[needed].dependents.append(task_id)
    return rows


def all_lacking(rows: dict[UUID, Node]) -> set[UUID]:
    """What failed though required, was skipped or cancelled."""
    return {
        task_id
        for task_id, node in rows.items()
        if node.status in LACKING and (node.required or node.status != TaskStatus.FAILED)
    }


def one_task(rows: dict[UUID, Node], task_id: UUID) -> set[UUID]:
    """The task; of a template also the instances that did not complete, or all if all did."""
    if task_id not in rows:
        return set()
    instances = {other for other, node in rows.items() if node.template == task_id}
    lacking = {other for other in instances if rows[other].status != TaskStatus.COMPLETED}
    return {task_id} | (lacking or instances)


def closure(rows: dict[UUID, Node], chosen: set[UUID]) -> set[UUID]:
    """The chosen, all that hangs on them, and whatever those need that has not ended well."""
    again = set(_reach(chosen, lambda node_id: rows[node_id].dependents))
    while True:
        needed = {
            other
            for node_id in again
            for other in rows[node_id].depends_on
            if other not in again and not rows[other].ended_well
        }
        if not needed:
            return again
        again |= set(_reach(needed, lambda node_id: rows[node_id].dependents))


def _reach(starts: Iterable[UUID], following: Callable[[UUID], list[UUID]]) -> set[UUID]:
    seen = set(starts)
    line = list(seen)
    while line:
        for other in following(line.pop()):
            if other not in seen:
                seen.add(other)
                line.append(other)
    return seen


def reopen(change: Change, rows: dict[UUID, Node], again: set[UUID]) -> None:
    """Reset those tasks, recompute what each waits for, and start those that wait for nothing."""
    _fold(change, rows, again)
    before: dict[str, int] = {}
    by_remaining: dict[int, list[UUID]] = {}
    for node_id in again:
        node = rows[node_id]
        before[node.status] = before.get(node.status, 0) + 1
        waits = sum(1 for other in node.depends_on if other in again or not rows[other].ended_well)
        by_remaining.setdefault(waits, []).append(node_id)
    still_failed = any(
        node.required and node.status == TaskStatus.FAILED
        for node_id, node in rows.items()
        if node_id not in again
    )
    change.reopen(error=change.job.error if still_failed else None)
    transitions.reset(change, sorted(again), before)
    for remaining, ids in by_remaining.items():
        for part in range(0, len(ids), 500):
            Task.objects.filter(id__in=ids[part : part + 500]).update(remaining=remaining)
    _start(change)
    change.write("job.retried")
    usage.note_end(change)


def _fold(change: Change, rows: dict[UUID, Node], again: set[UUID]) -> None:
    """Templates that get a new list, or new inputs, begin without instances."""
    instances: dict[UUID, set[UUID]] = {}
    for node_id, node in rows.items():
        if node.template in again:
            instances.setdefault(node.template, set()).add(node_id)
    anew = {
        template
        for template, own in instances.items()
        if not again.isdisjoint(set(rows[template].depends_on) - own)
    }
    if not anew:
        return
    mapping.fold(change, anew)
    for template in anew:
        for node_id in instances[template]:
            del rows[node_id]
        again -= instances[template]
        kept = [other for other in rows[template].depends_on if other not in instances[template]]
        rows[template].depends_on = kept


def _start(change: Change) -> None:
    """Ready what waits for nothing; a map may be expanded, or end again, at once."""
    job_id = change.job.id
    readied = transitions.make_ready(change, Task.objects.filter(job_id=job_id, remaining=0))
    advanced = mapping.advance(change, mapping.due(job_id))
    doomed: Doomed = {}
    for template, error in advanced.broken:
        doomed.setdefault(job_id, (change, template.key, error))
    readied += advanced.readied + release([(change, advanced.ended)], doomed)
    for _, key, error in doomed.values():
        doom(change, key, error)
    change.end_if_done()
    ring_on_commit(engine_id for _, engine_id in readied)

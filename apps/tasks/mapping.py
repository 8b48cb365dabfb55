"""Tasks mapped over another's output: a template has one instance for each element of a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Sum
from uuid_utils.compat import uuid7

from apps.jobs.files import delete_bytes
from apps.jobs.models import StoredFile
from apps.tasks.models import Task, TaskDependency
from apps.tasks.status import MOVES, UNSTARTED, TaskStatus
from apps.tenants import sql

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from apps.jobs.transitions import Change

BATCH = 1000
ERROR_CODE = "map"

# An instance is a copy of its template's row but for these. The ORM takes four times as long, in
# which a SQLite database takes no other write.
_OWN = {
    "id": "r.id",
    "key": "r.key",
    "map_index": "r.map_index",
    "config": "r.config::jsonb",
    "ready_at": "r.at",
    "seq": "r.seq",
    "status": "'ready'",
    "remaining": "0",
    "map_spec": "NULL",
    "mapped_from_id": "t.id",
}
_COLUMNS = [str(field.column) for field in Task._meta.concrete_fields]
_INSERT = f"""
WITH ROWS r(id uuid, key text, map_index int, config text, at timestamptz, seq int)
INSERT INTO tasks_task ({", ".join(_COLUMNS)})
SELECT {", ".join(_OWN.get(name, f"t.{name}") for name in _COLUMNS)}
FROM r CROSS JOIN tasks_task t WHERE t.id = %s RETURNING 1
"""  # noqa: S608
_INSERT_NEEDS = """
WITH ROWS r(id uuid)
INSERT INTO tasks_taskdependency (task_id, depends_on_id)
SELECT r.id, d.depends_on_id FROM r CROSS JOIN tasks_taskdependency d WHERE d.task_id = %s
ORDER BY r.id, d.id RETURNING 1
"""
_INSERT_WAITS = """
WITH ROWS r(id uuid, map_index int)
INSERT INTO tasks_taskdependency (task_id, depends_on_id)
SELECT %s::uuid, r.id FROM r ORDER BY r.map_index RETURNING 1
"""


@dataclass
class Advanced:
    """What became of templates: instances ready to run, templates ended, templates that failed.

    `broken` holds the required ones that failed, each with its error; `ended` all others.
    """

    readied: list[tuple[UUID, str]] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    broken: list[tuple[Task, str]] = field(default_factory=list)


class _Impossible(Exception):
    """The template cannot go on, whatever is tried; the text says why."""


def due(job_id: UUID) -> list[UUID]:
    """The templates of a job that wait for nothing more."""
    waiting = Task.objects.filter(
        job_id=job_id, status=TaskStatus.PENDING, remaining=0, map_spec__isnull=False
    )
    return list(waiting.values_list("id", flat=True))


def advance(change: Change, templates: Collection[UUID]) -> Advanced:
    """Expand templates whose dependencies have ended, end those whose instances have.

    They must be pending, wait for nothing more, and belong to the change's job.
    """
    done = Advanced()
    found = Task.objects.filter(id__in=templates, status=TaskStatus.PENDING)
    has_instances = Exists(Task.objects.filter(mapped_from=OuterRef("pk")))
    for template in found.annotate(expanded=has_instances).order_by("position"):
        try:
            if template.expanded:
                _gather(change, template)
                done.ended.append(template.id)
            elif readied := _expand(change, template):
                done.readied += readied
            else:
                _complete(change, template, [], 2)
                done.ended.append(template.id)
        except _Impossible as reason:
            _fail(change, template, str(reason))
            if template.required:
                done.broken.append((template, str(reason)))
            else:
                done.ended.append(template.id)
    return done


def fold(change: Change, templates: Collection[UUID]) -> None:
    """Remove the instances of these templates, with their attempts, logs and files."""
    instances = Task.objects.filter(mapped_from_id__in=templates)
    counts = instances.order_by().values_list("status").annotate(number=Count("id"))
    for status, number in counts:
        _count(change, status, -number)
    left = StoredFile.objects.filter(left_by__task__mapped_from_id__in=templates)
    files = dict(left.values_list("id", "path"))
    StoredFile.objects.filter(id__in=list(files)).delete()
    transaction.on_commit(lambda: delete_bytes(files.values()))
    removed, _ = instances.delete()
    if removed:
        where = {"mapped_from": sorted(str(template_id) for template_id in templates)}
        change.sets.append({"where": where, "removed": True, "changes": {}})


def configure(task: Task, config: dict[str, Any]) -> None:
    """Give a task that waits to run a new config, and the instances of a template theirs.

    Instances keep their `item` unless they are given another. Raises ValidationError.
    """
    if task.mapped_from_id is not None:
        config = {"item": task.config.get("item")} | config
    waiting = list(Task.objects.filter(mapped_from=task, status__in=UNSTARTED).only("id", "config"))
    for one in waiting:
        one.config = {**config, "item": one.config.get("item")}
    if sum(len(orjson.dumps(one.config)) for one in waiting) > settings.CONSOLE_MAX_MAP_BYTES:
        message = f"With it, the {len(waiting):,} instances would have more than "
        message += f"{settings.CONSOLE_MAX_MAP_BYTES:,} bytes of config."
        raise ValidationError({"config": ValidationError(message, code="too_large")})
    Task.objects.filter(id=task.id).update(config=config)
    Task.objects.bulk_update(waiting, ["config"], batch_size=BATCH)


# From one to many --------------------------------------------------------------------------------


def _expand(change: Change, template: Task) -> list[tuple[UUID, str]]:
    """One ready instance for each element; the template then waits for them."""
    edges = TaskDependency.objects.filter(task=template)
    needed = list(edges.order_by("id").values_list("depends_on_id", flat=True))
    elements = _elements(template)
    _check_room(change, template, elements, len(needed))
    if not elements:
        return []
    ids = [uuid7() for _ in elements]
    rows = [
        {
            "id": sql.uuid_in(task_id),
            "key": f"{template.key}[{index}]",
            "map_index": index,
            "config": sql.json_in({**template.config, "item": element}),
            "at": sql.time_in(change.at),
            "seq": change.seq,
        }
        for index, (task_id, element) in enumerate(zip(ids, elements, strict=True))
    ]
    sql.run(_INSERT, sql.rows(rows), template.id)
    sql.run(_INSERT_NEEDS, sql.rows(rows), template.id)
    sql.run(_INSERT_WAITS, sql.rows(rows), template.id)
    Task.objects.filter(id=template.id).update(remaining=len(ids))
    _count(change, TaskStatus.READY, len(ids))
    told = _told(change, template, needed)
    for index, task_id in enumerate(ids):
        change.task(task_id, key=f"{template.key}[{index}]", map_index=index, **told)
    return [(task_id, template.engine_id) for task_id in ids]


def _elements(template: Task) -> list[Any]:
    spec = _spec(template)
    over = Task.objects.filter(dependents__task=template, key=spec["over"])
    status, value = over.values_list("status", "output").get()
    if status != TaskStatus.COMPLETED:
        message = f'"{spec["over"]}" is {status}, so there is no list to map over.'
        raise _Impossible(message)
    for name in spec["path"].split(".") if spec["path"] else []:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        message = f"There is no list {_where(spec)}: found {_kind(value)}."
        raise _Impossible(message)
    if len(value) > spec["max"]:
        message = f"The list {_where(spec)} has {len(value):,} elements; at most {spec['max']:,} "
        message += "are allowed by this map."
        raise _Impossible(message)
    return value


def _check_room(change: Change, template: Task, elements: list[Any], needed: int) -> None:
    """A job stays within the limits of a submission, and what an expansion writes is bounded."""
    edges = TaskDependency.objects.filter(task__job_id=change.job.id).count()
    config = len(orjson.dumps(template.config)) + len('"item":,')
    for number, most, what in (
        (change.job.total_tasks + len(elements), settings.CONSOLE_MAX_TASKS, "tasks"),
        (edges + len(elements) * (needed + 1), settings.CONSOLE_MAX_EDGES, "dependencies"),
        (
            config * len(elements) + len(orjson.dumps(elements)),
            settings.CONSOLE_MAX_MAP_BYTES,
            "bytes of config in its instances",
        ),
    ):
        if number > most:
            message = f"The list {_where(_spec(template))} has {len(elements):,} elements: with "
            message += f"them the job would have {number:,} {what}; at most {most:,} are allowed."
            raise _Impossible(message)


def _told(change: Change, template: Task, needed: list[UUID]) -> dict[str, Any]:
    """All that a client has to know of a task it has not seen before, but for its number."""
    return {
        "stage": template.stage,
        "engine_id": template.engine_id,
        "status": TaskStatus.READY,
        "dependencies": [str(other) for other in needed],
        "required": template.required,
        "ready_at": change.at,
        "max_retries": template.max_retries,
        "mapped_from": str(template.id),
    }


def _spec(template: Task) -> dict[str, Any]:
    assert template.map_spec  # noqa: S101
    spec: dict[str, Any] = template.map_spec
    return spec


def _where(spec: dict[str, Any]) -> str:
    at = f'at "{spec["path"]}" in' if spec["path"] else "in place of"
    return f'{at} the output of "{spec["over"]}"'


def _kind(value: object) -> str:
    kinds: dict[type, str] = {dict: "an object", str: "a text", bool: "true or false"}
    return "nothing" if value is None else kinds.get(type(value), "a number")


# From many to one --------------------------------------------------------------------------------


def _gather(change: Change, template: Task) -> None:
    """Complete the template with what its instances gave; null for one that failed."""
    instances = Task.objects.filter(mapped_from=template)
    total = instances.aggregate(size=Sum("output_bytes"), number=Count("id"))
    size_bytes = total["size"] + 2 * total["number"] + 2
    if size_bytes > settings.CONSOLE_MAX_MAP_BYTES:
        message = f'The outputs of the {total["number"]:,} instances of "{template.key}" have '
        message += f"{size_bytes:,} bytes together; at most {settings.CONSOLE_MAX_MAP_BYTES:,} "
        message += "are allowed."
        raise _Impossible(message)
    outputs = list(instances.order_by("map_index").values_list("output", flat=True))
    _complete(change, template, outputs, size_bytes)


def _complete(change: Change, template: Task, output: list[Any], output_bytes: int) -> None:
    facts = {"completed_at": change.at, "progress": 1.0}
    values = facts | {"output": output, "output_bytes": output_bytes}
    _end(change, template, TaskStatus.COMPLETED, facts, values)


def _fail(change: Change, template: Task, error: str) -> None:
    facts = {"completed_at": change.at, "error": error, "error_code": ERROR_CODE}
    _end(change, template, TaskStatus.FAILED, facts, facts)


def _end(
    change: Change, template: Task, to: TaskStatus, told: dict[str, Any], values: dict[str, Any]
) -> None:
    """pending → completed or failed, which only a template may."""
    assert TaskStatus.PENDING in MOVES[to]  # noqa: S101
    # A job that was retried has not begun anew when only a map is left to end.
    change.begin()
    Task.objects.filter(id=template.id).update(status=to, seq=change.seq, **values)
    change.count(TaskStatus.PENDING, to)
    # What the same event says of sets counts after what it says of single tasks.
    if change.sets:
        change.set_of({"ids": [str(template.id)]}, status=to, **told)
    else:
        change.task(template.id, status=to, **told)


def _count(change: Change, status: str, number: int) -> None:
    """Tasks that come, or go when negative."""
    job = change.job
    job.total_tasks += number
    setattr(job, f"{status}_tasks", getattr(job, f"{status}_tasks") + number)

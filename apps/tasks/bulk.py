"""One verb on many jobs: asked for at once, done job by job, taken up again after any stop."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from kombu.exceptions import OperationalError as BrokerError

from apps.jobs.models import BulkAction, BulkItem, Job
from apps.jobs.status import BulkResult, BulkVerb
from apps.jobs.transitions import InvalidTransition, NotThere
from apps.tasks import control
from apps.tenants import audit
from apps.tenants.audit import Actor
from apps.tenants.clock import database_now
from apps.tenants.crash import point
from console_project.celery import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from apps.tenants.models import Tenant

logger = logging.getLogger(__name__)

CHUNK = 20
"""So many jobs of one action before it is the next one's turn."""

SLICE_SECONDS = 1.0

_VERBS: dict[str, Callable[[UUID, Actor], Any]] = {
    BulkVerb.CANCEL: control.cancel,
    BulkVerb.RETRY: control.retry,
    BulkVerb.DELETE: control.delete,
}


def start(
    tenant: Tenant | None, verb: BulkVerb, job_ids: Iterable[UUID], actor: Actor
) -> BulkAction:
    """Fix the jobs that this is about, and have it begin. `tenant` bounds it; None: staff, all."""
    ids = sorted(set(job_ids))
    with transaction.atomic():
        bulk = BulkAction.objects.create(
            tenant=tenant, action=verb, actor=asdict(actor), created_at=database_now()
        )
        items = (BulkItem(bulk=bulk, job_id=job_id) for job_id in ids)
        BulkItem.objects.bulk_create(items, batch_size=1000)
        after = {"action": verb, "jobs": len(ids)}
        audit.record(actor, "bulk", bulk, tenant=tenant, after=after)
        if not ids:
            _close(bulk)
        transaction.on_commit(call)
    return bulk


def call(after_seconds: float = 0.0) -> None:
    """Have some worker run a slice. Losing this costs latency: beat asks too."""
    try:
        app.send_task(
            "tasks.bulk", countdown=after_seconds, ignore_result=True, retry=False, expires=60
        )
    except (BrokerError, OSError) as error:
        logger.warning("bulk_not_called", extra={"cause": str(error)})


def under_way() -> bool:
    """Whether any action is unfinished."""
    return BulkAction.objects.filter(completed_at=None).exists()


def run_slice() -> None:
    """Work until the current second is over, then have the next slice called.

    The seconds are those of the tick that lets one worker in: so retries keep their pace however
    many workers there are.
    """
    left = SLICE_SECONDS - database_now().timestamp() % SLICE_SECONDS
    began = time.monotonic()
    if work_off(left):
        call(max(0.0, left - (time.monotonic() - began)) + 0.01)


def work_off(seconds: float) -> bool:
    """Do jobs of all unfinished actions in turn, oldest action first; whether any are left.

    No more retries than may start in a second: a failed thousand should not flood the engines.
    """
    deadline = time.monotonic() + seconds
    retries = settings.CONSOLE_BULK_RETRIES_PER_SECOND
    while time.monotonic() < deadline:
        moved = False
        for bulk in BulkAction.objects.filter(completed_at=None).order_by("id"):
            limit = min(CHUNK, retries) if bulk.action == BulkVerb.RETRY else CHUNK
            done = _chunk(bulk, limit, deadline)
            retries -= done if bulk.action == BulkVerb.RETRY else 0
            moved = moved or done > 0
        if not moved:
            break
    return under_way()


def _chunk(bulk: BulkAction, limit: int, deadline: float) -> int:
    """Do up to so many of its jobs; how many it were."""
    actor = Actor(**bulk.actor)
    done = 0
    while done < limit and time.monotonic() < deadline:
        if not _next(bulk, actor):
            _close(bulk)
            break
        done += 1
        point("bulk.middle")
    return done


def _next(bulk: BulkAction, actor: Actor) -> bool:
    """Do the next job that nobody else has in hand; `False` when there is none.

    The item's lock is held until both the job and the result are stored: a process that dies
    leaves neither, and no two do the same job.
    """
    with transaction.atomic():
        item = (
            BulkItem.objects.select_for_update(skip_locked=True)
            .filter(bulk=bulk, result="")
            .order_by("job_id")
            .first()
        )
        if item is None:
            return False
        item.result, item.detail = _do(bulk, item.job_id, actor)
        item.save(update_fields=["result", "detail"])
    return True


def _do(bulk: BulkAction, job_id: UUID, actor: Actor) -> tuple[BulkResult, str]:
    """What came of one job. A job of another tenant fares as one that is not there."""
    jobs = Job.objects.filter(id=job_id)
    if bulk.tenant_id is not None and not jobs.filter(tenant_id=bulk.tenant_id).exists():
        return BulkResult.GONE, ""
    try:
        with transaction.atomic():
            _VERBS[bulk.action](job_id, actor)
    except NotThere:
        return BulkResult.GONE, ""
    except InvalidTransition as refusal:
        return BulkResult.REFUSED, str(refusal)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # One job that cannot be done must not hold up the others for ever.
        logger.exception("bulk_item_failed", extra={"bulk_id": bulk.pk, "job_id": job_id})
        return BulkResult.REFUSED, "An error stopped it; the server's log names this job."
    return BulkResult.DONE, ""


def _close(bulk: BulkAction) -> None:
    """Note the end, unless another process still has a job of it in hand."""
    if not BulkItem.objects.filter(bulk=bulk, result="").exists():
        BulkAction.objects.filter(id=bulk.pk, completed_at=None).update(completed_at=database_now())

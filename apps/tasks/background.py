"""What Celery carries: bells and ticks. Each returns at once or runs a bounded piece of upkeep."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from apps.tasks import bell, bulk, worker
from apps.tasks.prune import prune
from apps.tasks.rollups import fold
from apps.tasks.sweep import sweep
from apps.workers.transitions import take_tick

__all__ = [
    "fold_once",
    "hear_bell",
    "hear_canary",
    "prune_once",
    "sweep_once",
    "work_off_bulk_actions",
    "worker",
]

FOLD_SECONDS = 60.0
PRUNE_SECONDS = 3600.0


@shared_task(name="tasks.bell")
def hear_bell(engine_id: str) -> None:
    """An engine has ready work."""
    bell.hear(engine_id)


@shared_task(name="tasks.canary")
def hear_canary() -> None:
    """A worker process hears itself."""
    worker.hear_canary()


@shared_task(name="tasks.sweep")
def sweep_once() -> None:
    """The sweep, once per period however many beats call for it."""
    if take_tick("sweep", settings.CONSOLE_SWEEP_SECONDS):
        bell.ring(sorted(sweep()))


@shared_task(name="tasks.bulk")
def work_off_bulk_actions() -> None:
    """A second's worth of what was asked for on many jobs, by one worker at a time."""
    if bulk.under_way() and take_tick("bulk", bulk.SLICE_SECONDS):
        bulk.run_slice()


@shared_task(name="tasks.fold")
def fold_once() -> None:
    """Fold what has ended into the sums of its hour and day, once per period."""
    if take_tick("usage", FOLD_SECONDS):
        fold()


@shared_task(name="tasks.prune")
def prune_once() -> None:
    """Remove what was deleted or has expired, in chunks."""
    if take_tick("prune", PRUNE_SECONDS):
        prune()

"""Waiting for a job to end without holding anything meanwhile."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from django.db import connection

from apps.console.job_rows import visible_jobs
from apps.jobs.status import ACTIVE

if TYPE_CHECKING:
    from uuid import UUID

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 0.5

STOPPING = threading.Event()
"""Set when this process is about to leave: whoever waits is answered now."""


def wait_for_end(job_id: UUID, seconds: float) -> None:
    """Return when the job has ended or is gone, after so many seconds, or when we stop."""
    deadline = time.monotonic() + seconds
    pause = FIRST_SECONDS
    while visible_jobs().filter(id=job_id, status__in=ACTIVE).exists():
        left = deadline - time.monotonic()
        if left <= 0:
            return
        if not connection.in_atomic_block:
            connection.close()
        if STOPPING.wait(min(pause, left)):
            return
        pause = LONGEST_SECONDS

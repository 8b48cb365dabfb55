"""Reports on their way to the database: files kept first, one bad value never spoils the rest."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, OperationalError

from apps.tasks.settle import Outcome, Report, Settled, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.tasks.engines.running import Run
    from apps.tasks.engines.staging import Stage
    from apps.tenants import sql

logger = logging.getLogger(__name__)

DATABASE_AWAY = (OperationalError, InterfaceError)
TRY_AGAIN = frozenset({"40001", "40P01"})
TRIES = 3


def kept(run: Run, stage: Stage, wake: Callable[[], None]) -> bool:
    """Whether what the attempt left is stored; begins it where it is not."""
    assert run.result is not None  # noqa: S101
    if run.result.outcome is not Outcome.COMPLETED or run.result.files:
        return True
    if run.kept is None:
        run.kept = stage.keep(run.claim, run.folder)
        if run.kept is None:
            return True
        run.kept.add_done_callback(lambda _: wake())
    if not run.kept.done():
        return False
    try:
        run.result = replace(run.result, files=run.kept.result())
    except Exception as error:
        # Whatever a name or a storage service comes up with is this attempt's failure, not ours.
        logger.exception("files_not_kept", extra={"task_id": str(run.claim.task_id)})
        run.result = _failed(run.result, f"Its files cannot be stored: {error}")
    return True


def settle_reports(reports: list[Report], then: sql.Statement | None = None) -> Settled:
    """Settle together; if the database refuses a value, one by one, and only that one fails.

    `then` runs in the same transaction, unless it comes to that.
    """
    try:
        return _settle_patiently(reports, then)
    except DATABASE_AWAY:
        raise
    except DatabaseError as error:
        if len(reports) == 1:
            logger.warning("output_refused", extra={"cause": str(error)})
            return settle([_failed(reports[0], "The database refused the output.")])
    settled = Settled()
    for report in reports:
        part = settle_reports([report])
        settled.stale += part.stale
        for engine_id, number in part.ready.items():
            settled.ready[engine_id] = settled.ready.get(engine_id, 0) + number
    return settled


def _settle_patiently(reports: list[Report], then: sql.Statement | None) -> Settled:
    """Deadlocks and failed serializations are tried again at once."""
    for _ in range(TRIES - 1):
        try:
            return settle(reports, then)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in TRY_AGAIN:
                raise
            logger.info("settled_again", extra={"cause": str(error)})
    return settle(reports, then)


def _failed(report: Report, error: str) -> Report:
    return replace(
        report,
        outcome=Outcome.FAILED,
        output=None,
        output_bytes=0,
        files=(),
        error=error,
        error_code="bad_output",
    )

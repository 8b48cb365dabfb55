"""The benchmarks' engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import journal

if TYPE_CHECKING:
    from apps.tasks.engines.context import TaskContext


def noop(context: TaskContext) -> int:
    """A line in the journal and nothing else, so that only the orchestration is measured."""
    journal.note(context.job_id, context.key)
    return context.attempt

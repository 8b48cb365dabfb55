"""The benchmarks' engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.tasks.engines.context import TaskContext


def noop(context: TaskContext) -> int:
    """Nothing, so that only the orchestration is measured."""
    return context.attempt

"""What tasks and jobs must do, as a pure model: no database, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

POISON = 3
UNSTARTED = ("pending", "ready")
ACTIVE = (*UNSTARTED, "running")
ENDED_BADLY = ("failed", "skipped", "cancelled")


@dataclass
class ModelTask:
    """`waits`: it failed and is pending until its retry is due."""

    key: str
    needs: list[str]
    required: bool
    max_retries: int
    status: str = "pending"
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    worker: str | None = None
    waits: bool = False

    @property
    def ended_well(self) -> bool:
        if self.status == "completed":
            return True
        return not self.required and self.status in ("failed", "skipped")

    @property
    def facts(self) -> tuple[str, int, int, int]:
        return self.status, self.attempt, self.failures, self.losses


@dataclass
class ModelJob:
    """Its tasks by key, in an order in which each stands after what it needs."""

    tasks: dict[str, ModelTask]
    begun: bool = False
    failing: bool = False
    cancelling: bool = False
    ended: str | None = field(default=None)

    def __post_init__(self) -> None:
        self._ready_free()

    @property
    def status(self) -> str:
        if self.ended:
            return self.ended
        if self.cancelling:
            return "cancelling"
        return "running" if self.begun else "pending"

    @property
    def stopping(self) -> bool:
        return self.failing or self.cancelling

    def claim(self, key: str, worker: str) -> None:
        task = self.tasks[key]
        assert task.status == "ready"
        task.status, task.worker = "running", worker
        task.attempt += 1

    def start(self, key: str) -> None:
        assert self.tasks[key].status == "running"
        self.begun = True

    def complete(self, key: str) -> None:
        self._end(lambda task: self._to(task, "completed"), key)

    def fail(self, key: str, *, final: bool = False) -> None:
        def verdict(task: ModelTask) -> None:
            task.failures += 1
            if final or task.failures > task.max_retries:
                self._to(task, "failed")
            else:
                task.status, task.waits = "pending", True

        self._end(verdict, key)

    def lose(self, *keys: str) -> None:
        """Together: one that fails for good stops the others only once they are back."""

        def verdict(task: ModelTask) -> None:
            task.losses += 1
            self._to(task, "failed" if task.losses >= POISON else "ready")

        self._end(verdict, *keys)

    def release(self, key: str) -> None:
        self._end(lambda task: self._to(task, "ready"), key)

    def due(self) -> None:
        """The time of every retry has come."""
        for task in self.tasks.values():
            if task.waits:
                task.status, task.waits = "ready", False

    def cancel(self) -> bool:
        """`False` where it has ended."""
        if self.ended:
            return False
        if not self.cancelling:
            self.cancelling = True
            self._stop("cancelled")
            self._end_if_done()
        return True

    def retry(self) -> bool:
        """`False` where there is nothing to retry."""
        if self.ended not in ("failed", "cancelled"):
            return False
        chosen = {
            task.key
            for task in self.tasks.values()
            if task.status in ENDED_BADLY and (task.required or task.status != "failed")
        }
        for key in self._with_all_that_hangs_on(chosen):
            task = self.tasks[key]
            task.status, task.failures, task.losses = "pending", 0, 0
        self.begun = self.failing = self.cancelling = False
        self.ended = None
        self._ready_free()
        self._end_if_done()
        return True

    def _end(self, verdict: Callable[[ModelTask], None], *keys: str) -> None:
        tasks = [self.tasks[key] for key in keys]
        self.begun = True
        for task in tasks:
            assert task.status == "running"
            task.worker = None
            if self.stopping:
                task.status = "cancelled"
            else:
                verdict(task)
        if any(task.status == "failed" and task.required for task in tasks):
            self.failing = True
            self._stop("skipped")
        elif not self.stopping:
            self._ready_free()
        self._end_if_done()

    def _to(self, task: ModelTask, status: str) -> None:
        task.status = status

    def _stop(self, status: str) -> None:
        for task in self.tasks.values():
            if task.status in UNSTARTED:
                task.status, task.waits = status, False

    def _ready_free(self) -> None:
        for task in self.tasks.values():
            free = all(self.tasks[key].ended_well for key in task.needs)
            if task.status == "pending" and not task.waits and free:
                task.status = "ready"

    def _end_if_done(self) -> None:
        statuses = {task.status for task in self.tasks.values()}
        if self.ended or statuses & set(ACTIVE):
            return
        if self.failing:
            self.ended = "failed"
        else:
            self.ended = "cancelled" if "cancelled" in statuses else "completed"

    def _with_all_that_hangs_on(self, chosen: Iterable[str]) -> set[str]:
        again = set(chosen)
        while True:
            more = {task.key for task in self.tasks.values() if again.intersection(task.needs)} | {
                key
                for task in self.tasks.values()
                if task.key in again
                for key in task.needs
                if not self.tasks[key].ended_well
            }
            if more <= again:
                return again
            again |= more

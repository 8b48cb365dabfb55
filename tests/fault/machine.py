"""The functions of `apps.tasks` under any order of calls, held against the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from apps.jobs.models import Job
from apps.jobs.transitions import InvalidTransition, progress
from apps.tasks import control
from apps.tasks.models import Task
from apps.tasks.settle import Outcome, Report, settle
from apps.tasks.sweep import ready_due_retries, take_back
from apps.tenants import sql
from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from apps.workers.models import Worker
from apps.workers.transitions import expire_silent
from tests.fault.model import ModelJob, ModelTask
from tests.tasks.jobs import claim, make_job, make_worker

Place = tuple[UUID, UUID, str, int]
"""Job, task, its key, and the attempt at which some worker once held it."""

Shape = list[tuple[set[int], bool, int]]
"""Of each task: what it needs, whether it is required, its retries."""

SHAPES: st.SearchStrategy[Shape] = st.lists(
    st.tuples(st.sets(st.integers(0, 4), max_size=2), st.booleans(), st.integers(0, 1)),
    min_size=1,
    max_size=5,
)
PICK = st.integers(0, 1_000)


class Machine(RuleBasedStateMachine):
    """Every example is one transaction that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.jobs: dict[UUID, ModelJob] = {}
        self.places: list[Place] = []
        self.workers: list[Worker] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)

    @initialize(shape=SHAPES)
    def two_workers_and_a_job(self, shape: Shape) -> None:
        """Some examples leave rules out, submissions too: without a job they would try nothing."""
        self.workers = [make_worker(f"w{n}") for n in range(2)]
        self._submit(shape)

    @precondition(lambda self: len(self.jobs) < 4)
    @rule(shape=SHAPES)
    def submit(self, shape: Shape) -> None:
        self._submit(shape)

    def _submit(self, shape: Shape) -> None:
        tasks = {}
        for number, (needs, required, retries) in enumerate(shape):
            keys = sorted(f"t{other}" for other in needs if other < number)
            tasks[f"t{number}"] = ModelTask(f"t{number}", keys, required, retries)
        job = make_job(
            *(
                {"key": task.key, "engine_id": "test.a", "depends_on": task.needs,
                 "required": task.required, "max_retries": task.max_retries}
                for task in tasks.values()
            )
        )  # fmt: skip
        self.jobs[job.id] = ModelJob(tasks)

    @precondition(lambda self: self._any("ready"))
    @rule(pick=PICK, limit=st.integers(1, 4))
    def claim(self, pick: int, limit: int) -> None:
        self._claim(pick, limit)

    @precondition(lambda self: self._any("ready"))
    @rule(pick=PICK, limit=st.integers(1, 4))
    def claim_and_start(self, pick: int, limit: int) -> None:
        taken = self._claim(pick, limit)
        assert not settle([_told(place, Outcome.STARTED) for place in taken]).stale
        for job_id, _, key, _ in taken:
            self.jobs[job_id].start(key)

    def _claim(self, pick: int, limit: int) -> list[Place]:
        worker = self.workers[pick % len(self.workers)]
        ready = sum(task.status == "ready" for task in self._tasks())
        taken = claim(worker, limit)
        assert len(taken) == min(limit, ready)
        for one in taken:
            self.jobs[one.job_id].claim(one.key, worker.name)
            assert one.attempt == self.jobs[one.job_id].tasks[one.key].attempt
        places = [(one.job_id, one.task_id, one.key, one.attempt) for one in taken]
        self.places += places
        return places

    @precondition(lambda self: self.places)
    @rule(pick=PICK)
    def start(self, pick: int) -> None:
        if place := self._report(pick, Outcome.STARTED):
            self.jobs[place[0]].start(place[2])

    @precondition(lambda self: self._any("running"))
    @rule(pick=PICK)
    def tell_a_start_with_a_failure(self, pick: int) -> None:
        """A worker tells both in one settlement, the start first."""
        held = [place for place in self.places if self._is_current(place)]
        if len(held) < 2:
            return
        start, failure = held[pick % len(held)], held[pick % len(held) - 1]
        settle([_told(start, Outcome.STARTED), _told(failure, Outcome.FAILED, final=True)])
        self.jobs[start[0]].start(start[2])
        self.jobs[failure[0]].fail(failure[2], final=True)

    @precondition(lambda self: self.places)
    @rule(pick=PICK)
    def complete(self, pick: int) -> None:
        if place := self._report(pick, Outcome.COMPLETED):
            self.jobs[place[0]].complete(place[2])

    @precondition(lambda self: self.places)
    @rule(pick=PICK, final=st.booleans())
    def fail(self, pick: int, final: bool) -> None:
        if place := self._report(pick, Outcome.FAILED, final=final):
            self.jobs[place[0]].fail(place[2], final=final)

    @precondition(lambda self: self.places)
    @rule(pick=PICK)
    def lose(self, pick: int) -> None:
        if place := self._report(pick, Outcome.LOST):
            self.jobs[place[0]].lose(place[2])

    @precondition(lambda self: self.places)
    @rule(pick=PICK, outcome=st.sampled_from([Outcome.RELEASED, Outcome.CANCELLED]))
    def release(self, pick: int, outcome: Outcome) -> None:
        if place := self._report(pick, outcome):
            self.jobs[place[0]].release(place[2])

    @rule(pick=PICK, verb=st.sampled_from(["cancel", "retry"]))
    def ask(self, pick: int, verb: str) -> None:
        job_id = list(self.jobs)[pick % len(self.jobs)]
        call, model = getattr(control, verb), getattr(self.jobs[job_id], verb)
        try:
            call(job_id, SYSTEM)
        except InvalidTransition:
            assert not model()
        else:
            assert model()

    @precondition(lambda self: self._any("running"))
    @rule(pick=PICK)
    def expire(self, pick: int) -> None:
        """A worker falls silent; another one starts under its name."""
        worker = self.workers[pick % len(self.workers)]
        past = database_now() - timedelta(seconds=1)
        Worker.objects.filter(id=worker.id).update(lease_until=past)
        expire_silent()
        take_back("It fell silent.")
        for job in self.jobs.values():
            held = [
                task.key
                for task in job.tasks.values()
                if task.status == "running" and task.worker == worker.name
            ]
            if held:
                job.lose(*held)
        self.workers[pick % len(self.workers)] = make_worker(worker.name)

    @precondition(lambda self: any(task.waits for task in self._tasks()))
    @rule()
    def due(self) -> None:
        past = database_now() - timedelta(seconds=1)
        Task.objects.filter(retry_at__isnull=False).update(retry_at=past)
        ready_due_retries()
        for job in self.jobs.values():
            job.due()

    @invariant()
    def tasks_and_jobs_are_as_the_model_says(self) -> None:
        """And jobs count their tasks: a claim that nobody has told of yet still counts as ready."""
        rows = _stored_tasks()
        stored = {(job_id, key): facts for job_id, key, facts, _ in rows}
        wanted = {
            (job_id, task.key): task.facts
            for job_id, job in self.jobs.items()
            for task in job.tasks.values()
        }
        other = stored.items() ^ wanted.items()
        assert not other, f"stored or wanted, not both: {other}"
        jobs = list(Job.objects.order_by())
        assert {job.id: job.status for job in jobs} == {
            job_id: job.status for job_id, job in self.jobs.items()
        }
        for job in jobs:
            counts = Counter(shown for job_id, _, _, shown in rows if job_id == job.id)
            assert +Counter(progress(job)) == counts + Counter(total=counts.total())

    @invariant()
    def the_log_is_dense(self) -> None:
        assert not sql.run(_GAPS)

    @invariant()
    def what_is_completed_has_an_attempt_that_did(self) -> None:
        assert not sql.run(_UNDONE)

    def _report(self, pick: int, outcome: Outcome, *, final: bool = False) -> Place | None:
        """Report on some attempt there once was; `None` where the report must be, and is, stale."""
        place = self._at(pick)
        current = self._is_current(place)
        report = _told(place, outcome, final=final)
        assert settle([report]).stale == ([] if current else [report])
        return place if current else None

    def _at(self, pick: int) -> Place:
        return self.places[pick % len(self.places)]

    def _tasks(self) -> Iterator[ModelTask]:
        return (task for job in self.jobs.values() for task in job.tasks.values())

    def _any(self, status: str) -> bool:
        return any(task.status == status for task in self._tasks())

    def _is_current(self, place: Place) -> bool:
        job_id, _, key, attempt = place
        task = self.jobs[job_id].tasks[key]
        return task.status == "running" and task.attempt == attempt


_TASKS = """
    SELECT t.job_id, t.key, t.status, t.attempt, t.failures, t.losses, EXISTS (
        SELECT 1 FROM tasks_attempt a WHERE a.task_id = t.id AND a.number = t.attempt
    ) FROM tasks_task t
"""
_GAPS = """
    SELECT 1 FROM jobs_job j LEFT JOIN jobs_jobevent e ON e.job_id = j.id GROUP BY j.id, j.seq
    HAVING count(DISTINCT e.seq) <> j.seq OR min(e.seq) <> 1 OR max(e.seq) <> j.seq
"""
_UNDONE = """
    SELECT 1 FROM tasks_task t WHERE t.status = 'completed' AND NOT EXISTS (
        SELECT 1 FROM tasks_attempt a WHERE a.task_id = t.id AND a.outcome = 'completed'
    )
"""


def _stored_tasks() -> list[tuple[UUID, str, tuple[str, int, int, int], str]]:
    """Of each task its job, key and facts, and the status under which its job counts it."""
    return [
        (sql.uuid_of(job_id), key, (status, *facts), "ready" if silent else status)
        for job_id, key, status, *facts, told in sql.run(_TASKS)
        for silent in (status == "running" and not told,)
    ]


def _told(place: Place, outcome: Outcome, *, final: bool = False) -> Report:
    job_id, task_id, _, attempt = place
    return Report(task_id, job_id, attempt, outcome, error="told to", final=final)

"""The functions of `apps.tasks` under any order of calls, held against the model."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from apps.jobs.models import Job, JobEvent
from apps.jobs.transitions import InvalidTransition, progress
from apps.tasks import control
from apps.tasks.models import Attempt, Task
from apps.tasks.settle import Outcome, Report, settle
from apps.tasks.sweep import ready_due_retries, take_back
from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from apps.workers.models import Worker
from apps.workers.transitions import expire_silent
from tests.fault.model import ModelJob, ModelTask
from tests.tasks.jobs import claim, make_job, make_worker

Place = tuple[UUID, UUID, str, int]
"""Job, task, its key, and the attempt at which some worker once held it."""

SHAPES = st.lists(
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

    @initialize()
    def two_workers(self) -> None:
        self.workers = [make_worker(f"w{n}") for n in range(2)]

    @precondition(lambda self: len(self.jobs) < 4)
    @rule(shape=SHAPES)
    def submit(self, shape: list[tuple[set[int], bool, int]]) -> None:
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

    @rule(pick=PICK, limit=st.integers(1, 4))
    def claim(self, pick: int, limit: int) -> None:
        worker = self.workers[pick % len(self.workers)]
        ready = sum(
            task.status == "ready" for job in self.jobs.values() for task in job.tasks.values()
        )
        taken = claim(worker, limit)
        assert len(taken) == min(limit, ready)
        for one in taken:
            self.jobs[one.job_id].claim(one.key, worker.name)
            assert one.attempt == self.jobs[one.job_id].tasks[one.key].attempt
            self.places.append((one.job_id, one.task_id, one.key, one.attempt))

    @precondition(lambda self: self.places)
    @rule(pick=PICK)
    def start(self, pick: int) -> None:
        if place := self._report(pick, Outcome.STARTED):
            self.jobs[place[0]].start(place[2])

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

    @precondition(lambda self: self.jobs)
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        job_id = self._job(pick)
        try:
            control.cancel(job_id, SYSTEM)
        except InvalidTransition:
            assert not self.jobs[job_id].cancel()
        else:
            assert self.jobs[job_id].cancel()

    @precondition(lambda self: self.jobs)
    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        job_id = self._job(pick)
        try:
            control.retry(job_id, SYSTEM)
        except InvalidTransition:
            assert not self.jobs[job_id].retry()
        else:
            assert self.jobs[job_id].retry()

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

    @rule()
    def due(self) -> None:
        past = database_now() - timedelta(seconds=1)
        Task.objects.filter(retry_at__isnull=False).update(retry_at=past)
        ready_due_retries()
        for job in self.jobs.values():
            job.due()

    @invariant()
    def tasks_are_as_the_model_says(self) -> None:
        columns = ("job_id", "key", "status", "attempt", "failures", "losses")
        stored = {(row[0], row[1]): row[2:] for row in Task.objects.values_list(*columns)}
        wanted = {
            (job_id, task.key): task.facts
            for job_id, job in self.jobs.items()
            for task in job.tasks.values()
        }
        other = stored.items() ^ wanted.items()
        assert not other, f"stored or wanted, not both: {other}"

    @invariant()
    def jobs_are_as_the_model_says(self) -> None:
        stored = dict(Job.objects.values_list("id", "status"))
        assert stored == {job_id: job.status for job_id, job in self.jobs.items()}

    @invariant()
    def jobs_count_their_tasks(self) -> None:
        """A claim that nobody has told of yet still counts as ready."""
        told = Attempt.objects.filter(task_id=OuterRef("id"), number=OuterRef("attempt"))
        silent = Q(status="running") & ~Exists(told)
        shown = Case(When(silent, then=Value("ready")), default="status")
        for job in Job.objects.all():
            found = Task.objects.filter(job_id=job.id).annotate(shown=shown).order_by()
            wanted = Counter(found.values_list("shown", flat=True))
            assert +Counter(progress(job)) == wanted + Counter(total=wanted.total())

    @invariant()
    def the_log_is_dense(self) -> None:
        logged: dict[UUID, list[int]] = {}
        for job_id, seq in JobEvent.objects.order_by("seq").values_list("job_id", "seq"):
            logged.setdefault(job_id, []).append(seq)
        for job_id, seq in Job.objects.values_list("id", "seq"):
            assert logged[job_id] == list(range(1, seq + 1))

    @invariant()
    def a_task_completes_in_one_attempt(self) -> None:
        done = Attempt.objects.filter(outcome="completed").values_list("task_id", "number")
        by_task: dict[UUID, list[int]] = {}
        for task_id, number in done:
            by_task.setdefault(task_id, []).append(number)
        completed = set(Task.objects.filter(status="completed").values_list("id", flat=True))
        assert completed <= by_task.keys()

    def _report(self, pick: int, outcome: Outcome, *, final: bool = False) -> Place | None:
        """Report on some attempt there once was; `None` where the report must be, and is, stale."""
        place = self._at(pick)
        current = self._is_current(place)
        report = _told(place, outcome, final=final)
        assert settle([report]).stale == ([] if current else [report])
        return place if current else None

    def _at(self, pick: int) -> Place:
        return self.places[pick % len(self.places)]

    def _is_current(self, place: Place) -> bool:
        job_id, _, key, attempt = place
        task = self.jobs[job_id].tasks[key]
        return task.status == "running" and task.attempt == attempt

    def _job(self, pick: int) -> UUID:
        return list(self.jobs)[pick % len(self.jobs)]


def _told(place: Place, outcome: Outcome, *, final: bool = False) -> Report:
    job_id, task_id, _, attempt = place
    return Report(task_id, job_id, attempt, outcome, error="told to", final=final)

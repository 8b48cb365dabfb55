"""A console with a past, written by SQL: jobs with tasks and labels, sums of usage, a wide DAG."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import connection

from apps.jobs.models import Job
from apps.tasks import prune
from apps.tasks.models import Attempt, Task, TaskDependency
from apps.tenants.models import Tenant
from apps.workers.models import Worker
from apps.workers.transitions import register

DAYS = 180
STEPS = 5
STAGES = [f"step{k}" for k in range(STEPS)]
TENANTS = 10
DAG_LAYERS, DAG_WIDTH = 50, 20
LEASE_SECONDS = 30 * 24 * 3600.0
RARE_ONE_IN = 20_000
"""So many jobs for one that ran on an engine hardly anybody uses."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two databases write differently."""

    lite: bool

    def series(self, number: int) -> str:
        """A table `s(i)` from 0, as the beginning of a statement."""
        if self.lite:
            more = f"SELECT i + 1 FROM s WHERE i < {number - 1}"
            return f"WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL {more})"
        return f"WITH s(i) AS (SELECT generate_series(0, {number - 1}))"

    def uuid(self, seconds: str, kind: int, number: str) -> str:
        """A UUIDv7 of that second, the same each time."""
        if self.lite:
            return f"printf('%012x7000800{kind}%012x', ({seconds}) * 1000, {number})"
        moment = f"lpad(to_hex(({seconds})::bigint * 1000), 12, '0')"
        return f"({moment} || '7000800{kind}' || lpad(to_hex(({number})::bigint), 12, '0'))::uuid"

    def time(self, seconds: str) -> str:
        """A time as the database stores it."""
        if self.lite:
            return f"strftime('%Y-%m-%d %H:%M:%S', {seconds}, 'unixepoch')"
        return f"to_timestamp({seconds})"

    def id(self, value: UUID) -> str:
        """An id as a literal."""
        return f"'{value.hex}'" if self.lite else f"'{value}'::uuid"


class History:
    """Fills an empty, migrated database with so many jobs, one in a hundred of them active."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.sql = Dialect(connection.vendor == "sqlite")
        self.since = int(time.time()) - DAYS * 86_400
        self.step = max(1, DAYS * 86_400 // jobs)
        self._at = f"({self.since} + i * {self.step})"
        self._active = f"i >= {jobs - max(1, jobs // 100)}"
        self._job_id = self.sql.uuid(self._at, 1, "i")

    def write(self) -> None:
        """Everything, in minutes: without indexes and checks of references while it is loaded."""
        tenants = [
            Tenant.objects.create(slug=f"tenant{n}", name=f"Tenant {n}") for n in range(TENANTS)
        ]
        worker = self._worker()
        with _Unindexed("jobs_job", "jobs_joblabel", "jobs_jobengine", "tasks_task"):
            self._jobs(tenants)
            self._tasks(worker)
            self._labels()
        self._usage()
        wide_dag(tenants[0])
        self._settle_down()

    def _worker(self) -> Worker:
        engines = {stage: {"slots": 4} for stage in STAGES}
        return register(
            name="w", node="n", boot_id=uuid4(), pid=1, engines=engines, slots=20,
            lease_seconds=LEASE_SECONDS,
        )  # fmt: skip

    def _jobs(self, tenants: list[Tenant]) -> None:
        """Four in ten are of the first tenant; of those that ended nine in ten completed."""
        at, end = self.sql.time(self._at), self.sql.time(f"{self._at} + 60")
        kind = "CASE WHEN i % 11 < 6 THEN 'night-' WHEN i % 11 < 9 THEN 'adhoc-' ELSE 'Import-' END"
        owner = "CASE WHEN i % 13 < 4 THEN 0 ELSE i % 13 - 3 END"
        slugs = " ".join(
            f"WHEN {n} THEN {self.sql.id(tenant.id)}" for n, tenant in enumerate(tenants)
        )
        running, ended = f"({self._active} AND i % 5 = 0)", f"NOT ({self._active})"
        statement = f"""
        INSERT INTO jobs_job (id, tenant_id, name, pipeline, status, priority, parameters, seq,
          created_at, created_by, started_at, completed_at, changed_at, raised_by, total_tasks,
          pending_tasks, ready_tasks, running_tasks, completed_tasks, failed_tasks, skipped_tasks,
          cancelled_tasks)
        {self.sql.series(self.jobs)}
        SELECT {self._job_id}, CASE {owner} {slugs} END,
          {kind} || i,
          CASE WHEN i % 2 = 0 THEN 'speech' END,
          CASE WHEN {running} THEN 'running' WHEN {self._active} THEN 'pending'
            WHEN i % 10 < 9 THEN 'completed' WHEN i % 100 < 93 THEN 'failed' ELSE 'cancelled' END,
          0, '{{}}', 1, {at}, 'key:bench',
          CASE WHEN {running} OR {ended} THEN {at} END, CASE WHEN {ended} THEN {end} END, {at}, '',
          {STEPS},
          CASE WHEN {running} THEN 2 WHEN {self._active} THEN 4 ELSE 0 END,
          CASE WHEN {self._active} AND i % 5 > 0 THEN 1 ELSE 0 END,
          CASE WHEN {running} THEN 1 ELSE 0 END,
          CASE WHEN {running} THEN 2 WHEN {self._active} THEN 0 WHEN i % 10 < 9 THEN 5 ELSE 2 END,
          CASE WHEN {ended} AND i % 10 = 9 AND i % 100 < 93 THEN 1 ELSE 0 END,
          CASE WHEN {ended} AND i % 10 = 9 AND i % 100 < 93 THEN 2 ELSE 0 END,
          CASE WHEN {ended} AND i % 10 = 9 AND i % 100 >= 93 THEN 3 ELSE 0 END
        FROM s
        """
        _run(statement)

    def _tasks(self, worker: Worker) -> None:
        """A chain of five for each job, as far as the job has come."""
        at = self.sql.time(f"{self._at} + k * 10")
        end = self.sql.time(f"{self._at} + k * 10 + 9")
        stages = " UNION ALL ".join(f"SELECT {k}" for k in range(STEPS))
        error = "CASE WHEN i % 1000 = 19 THEN 'oom' ELSE 'exit_1' END"
        rare = f"(k = 4 AND i % {RARE_ONE_IN} = 7)"
        status = f"""CASE
          WHEN {self._active} AND i % 5 = 0 THEN
            CASE WHEN k < 2 THEN 'completed' WHEN k = 2 THEN 'running' ELSE 'pending' END
          WHEN {self._active} THEN CASE WHEN k = 0 THEN 'ready' ELSE 'pending' END
          WHEN i % 10 < 9 OR k < 2 THEN 'completed'
          WHEN i % 100 < 93 THEN CASE WHEN k = 2 THEN 'failed' ELSE 'skipped' END
          ELSE 'cancelled' END"""
        statement = f"""
        INSERT INTO tasks_task (id, job_id, tenant_id, position, key, stage, engine_id, status,
          required, priority, config, max_retries, remaining, attempt, failures, losses, worker_id,
          ready_at, started_at, completed_at, output_bytes, error_code, seq)
        {self.sql.series(self.jobs)}, k(k) AS ({stages}),
        t AS (SELECT i, k, {self._job_id} AS job_id, {status} AS status FROM s CROSS JOIN k)
        SELECT {self.sql.uuid(self._at, 2, f"i * {STEPS} + k")}, t.job_id, j.tenant_id, k,
          'task' || k, 'step' || k, CASE WHEN {rare} THEN 'rare' ELSE 'step' || k END, t.status,
          true, 0, '{{}}', 2, CASE WHEN t.status = 'pending' THEN 1 ELSE 0 END,
          CASE WHEN t.status IN ('completed', 'failed', 'running') THEN 1 ELSE 0 END, 0, 0,
          CASE WHEN t.status = 'running' THEN {self.sql.id(worker.id)} END,
          CASE WHEN t.status IN ('completed', 'failed', 'running', 'ready') THEN {at} END,
          CASE WHEN t.status IN ('completed', 'failed', 'running') THEN {at} END,
          CASE WHEN t.status IN ('completed', 'failed') THEN {end} END, 0,
          CASE WHEN t.status = 'failed' THEN {error} END,
          1
        FROM t JOIN jobs_job j ON j.id = t.job_id
        """
        _run(statement)

    def _labels(self) -> None:
        """A label that an eighth of all jobs carry, and one that a thousand in a row share."""
        for name, value in (("team", "'t' || (i % 8)"), ("batch", "'b' || (i / 1000)")):
            _run(f"""
            INSERT INTO jobs_joblabel (job_id, tenant_id, name, value)
            {self.sql.series(self.jobs)}
            SELECT j.id, j.tenant_id, '{name}', {value}
            FROM s JOIN jobs_job j ON j.id = {self._job_id}
            """)
        _run("""
        INSERT INTO jobs_jobengine (job_id, tenant_id, engine_id)
        SELECT job_id, tenant_id, engine_id FROM tasks_task
        """)

    def _usage(self) -> None:
        """Sums for every hour and day in which a job ended: all engines, two labels."""
        histogram = '{"81": 7, "90": 20, "99": 3}'
        for table, form, pattern in (
            ("tasks_usagehour", "hour", "%Y-%m-%d %H:00:00"),
            ("tasks_usageday", "day", "%Y-%m-%d 00:00:00"),
        ):
            start = (
                f"strftime('{pattern}', created_at)" if self.sql.lite
                else f"date_trunc('{form}', created_at)"
            )  # fmt: skip
            engines = " UNION ALL ".join(f"SELECT '{name}'" for name in ("", *STAGES))
            _run(f"""
            INSERT INTO {table} (tenant_id, starts_at, engine_id, label, completed, failed,
              cancelled, retried, wait_ms, duration_ms, gpu_ms, durations, waits)
            WITH e(engine) AS ({engines}), l(label) AS (SELECT '' UNION ALL SELECT 'team:t1')
            SELECT j.tenant_id, j.start, e.engine, l.label, 27, 2, 1, 1, 90000, 270000, 0,
              '{histogram}', '{histogram}'
            FROM (SELECT DISTINCT tenant_id, {start} AS start FROM jobs_job) j
            CROSS JOIN e CROSS JOIN l
            """)

    def _settle_down(self) -> None:
        """What autovacuum does in time, and on SQLite the hourly upkeep."""
        if self.sql.lite:
            prune.refresh_statistics()
        else:
            _run("VACUUM ANALYZE")


def wide_dag(tenant: Tenant) -> Job:
    """A running job of a thousand tasks in layers, each with an attempt."""
    job = Job.objects.create(
        tenant=tenant, name="wide", status="running", created_at="2026-01-01T00:00:00Z",
        created_by="bench", changed_at="2026-01-01T00:00:00Z",
        total_tasks=DAG_LAYERS * DAG_WIDTH, completed_tasks=DAG_LAYERS * DAG_WIDTH,
    )  # fmt: skip
    tasks = [
        Task(
            job=job, tenant_id=tenant.id, position=n, key=f"k{n}", stage=f"step{n // DAG_WIDTH}",
            engine_id="step0", status="completed", attempt=1, ready_at=job.created_at,
            started_at=job.created_at, completed_at=job.created_at,
        )
        for n in range(DAG_LAYERS * DAG_WIDTH)
    ]  # fmt: skip
    Task.objects.bulk_create(tasks, batch_size=500)
    TaskDependency.objects.bulk_create(
        TaskDependency(task=task, depends_on=tasks[(n // DAG_WIDTH - 1) * DAG_WIDTH + other])
        for n, task in enumerate(tasks)
        if n >= DAG_WIDTH
        for other in {n % DAG_WIDTH, (n + 1) % DAG_WIDTH}
    )
    Attempt.objects.bulk_create(
        Attempt(task=task, number=1, started_at=job.created_at, ended_at=job.created_at,
                outcome="completed")
        for task in tasks
    )  # fmt: skip
    return job


def make_ready(number: int, engine_id: str) -> None:
    """So many more ready tasks, of all tenants by turns, for what is measured of claims."""
    lite = Dialect(connection.vendor == "sqlite")
    now = int(time.time())
    with _Unindexed("tasks_task"):
        _run(f"""
        INSERT INTO tasks_task (id, job_id, tenant_id, position, key, stage, engine_id, status,
          required, priority, config, max_retries, remaining, attempt, failures, losses, ready_at,
          output_bytes, seq)
        {lite.series(number)}, n(place, tenant_id, job_id) AS (
          SELECT row_number() OVER (ORDER BY t.id) - 1, t.id,
            (SELECT j.id FROM jobs_job j WHERE j.tenant_id = t.id ORDER BY j.id LIMIT 1)
          FROM tenants_tenant t)
        SELECT {lite.uuid(str(now), 3, "i")}, n.job_id, n.tenant_id, 0, 'ready' || i, 'ready',
          '{engine_id}', 'ready', true, i % 7, '{{}}', 2, 0, 0, 0, 0, {lite.time(str(now))}, 0, 1
        FROM s JOIN n ON n.place = i % {TENANTS}
        """)
    if not lite.lite:
        _run("VACUUM ANALYZE tasks_task")


class _Unindexed:
    """Without the plain indexes of these tables and checks of references; then with them again."""

    def __init__(self, *tables: str) -> None:
        self._tables = [t for t in tables if t in connection.introspection.table_names()]
        self._lite = connection.vendor == "sqlite"
        self._made: list[str] = []

    def __enter__(self) -> None:
        names = ", ".join(f"'{table}'" for table in self._tables)
        if self._lite:
            _run("PRAGMA foreign_keys = OFF")
            found = _run(
                "SELECT name, sql FROM sqlite_master "
                f"WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({names})"
            )
        else:
            _run("SET session_replication_role = replica")
            _run("SET maintenance_work_mem = '512MB'")
            found = _run(
                "SELECT indexname, indexdef FROM pg_indexes "
                f"WHERE tablename IN ({names}) AND indexname NOT IN "
                "(SELECT conname FROM pg_constraint)"
            )
        for name, definition in found:
            _run(f'DROP INDEX "{name}"')
            self._made.append(definition)

    def __exit__(self, *_: object) -> None:
        for definition in self._made:
            _run(definition)
        _run("PRAGMA foreign_keys = ON" if self._lite else "SET session_replication_role = origin")


def _run(statement: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []

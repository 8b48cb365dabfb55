"""The console's database, read from outside and past every proxy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

AWAY = (psycopg.OperationalError, sqlite3.OperationalError)

OPEN_JOBS = "SELECT count(*) FROM jobs_job WHERE status IN ('pending', 'running', 'cancelling')"
OPEN_TASKS = "SELECT count(*) FROM tasks_task WHERE status IN ('pending', 'ready', 'running')"
ONLINE = (
    "SELECT pid FROM workers_worker WHERE status <> 'offline' AND lease_until > CURRENT_TIMESTAMP"
)
IN_HAND = (
    "SELECT t.id, t.attempt FROM tasks_task t JOIN workers_worker w ON w.id = t.worker_id "
    "WHERE t.status = 'running' AND w.pid = %s AND w.status <> 'offline'"
)
BUSY = (
    "SELECT DISTINCT w.pid FROM tasks_task t JOIN workers_worker w ON w.id = t.worker_id "
    "WHERE t.status = 'running' AND w.status <> 'offline'"
)


class Store:
    """Reads on one connection, and opens another when the server was restarted."""

    def __init__(self, place: str | Path) -> None:
        self._place = place
        self._pg_connection: psycopg.Connection | None = None

    def rows(self, text: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows; ids as texts with hyphens. Raises one of `AWAY`."""
        found = (
            self._lite(text, params) if isinstance(self._place, Path) else self._pg(text, params)
        )
        return [tuple(map(_plain, row)) for row in found]

    def close(self) -> None:
        """Let go of the connection."""
        if self._pg_connection is not None:
            self._pg_connection.close()
            self._pg_connection = None

    def number(self, text: str, *params: object) -> int:
        """The one number asked for; -1 while the database is away."""
        try:
            return int(self.rows(text, *params)[0][0])
        except AWAY:
            return -1

    def in_hand(self, pid: int) -> list[tuple[str, int]]:
        """The tasks, with their attempts, that the worker in this process holds."""
        try:
            return [(str(task), int(attempt)) for task, attempt in self.rows(IN_HAND, pid)]
        except AWAY:
            return []

    def pids(self, text: str) -> set[int]:
        """The processes that a statement names; none while the database is away."""
        try:
            return {int(pid) for (pid,) in self.rows(text)}
        except AWAY:
            return set()

    def _pg(self, text: str, params: tuple[object, ...]) -> list[tuple[Any, ...]]:
        assert isinstance(self._place, str)
        if self._pg_connection is None:
            self._pg_connection = psycopg.connect(self._place, autocommit=True, connect_timeout=5)
        try:
            return self._pg_connection.execute(text.encode(), params or None).fetchall()
        except AWAY:
            self.close()
            raise

    def _lite(self, text: str, params: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._place, timeout=20)) as connection:
            return connection.execute(text.replace("%s", "?"), params).fetchall()


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and len(value) == 32:
        try:
            return str(UUID(value))
        except ValueError:
            return value
    return value

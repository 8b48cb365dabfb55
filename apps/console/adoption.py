"""An embedded console's data on its way into an empty PostgreSQL, all of it or nothing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from django.apps import apps
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management.color import no_style
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import AutoField
from uuid_utils.compat import uuid4

from apps.console import schema
from apps.console.embedded import StartError, take_lock
from apps.jobs.files import local_path
from apps.jobs.models import FilePart, StoredFile
from apps.tasks.sweep import take_over
from apps.tenants import audit, keys
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from django.db.models import Model

LEFT_BEHIND = frozenset({"sessions.session", "workers.tick"})
"""What is only of the moment; and nothing of `axes`, which counts wrong passwords."""

MADE_BY_MIGRATE = frozenset({"auth.permission", "contenttypes.contenttype"})
"""Rows that a new database has; they are replaced, as permissions name them by id."""

_LOCK_WAIT = "5s"


class AdoptionError(Exception):
    """Why the data cannot be taken over, in one sentence. Nothing was changed then."""


@dataclass(frozen=True, slots=True)
class Source:
    """The data folder of a console that does not run, and its database, which nobody writes."""

    folder: Path
    database: sqlite3.Connection

    def count(self, table: str) -> int:
        """How many rows."""
        (number,) = self.database.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608
        return int(number)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Its rows as SQLite holds them: nothing is lost on the way through Python's types."""
        names = ", ".join(f'"{column}"' for column in columns)
        yield from self.database.execute(f'SELECT {names} FROM "{table}"')  # noqa: S608


@contextmanager
def stopped_console(folder: Path) -> Iterator[Source]:
    """Hold the folder and its database against every writer. Raises AdoptionError."""
    file = folder / "console.sqlite3"
    if not file.is_file():
        raise AdoptionError(f"There is no embedded console's data in {folder}: no {file.name}.")
    try:
        lock = take_lock(folder)
    except StartError as error:
        raise AdoptionError(f"The embedded console on {folder} is running: stop it.") from error
    with lock, closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            _check_age(file, database)
        except sqlite3.Error as error:
            raise AdoptionError(f"{file} cannot be read: {error}.") from error
        yield Source(folder, database)
        database.execute("ROLLBACK")


def _check_age(file: Path, database: sqlite3.Connection) -> None:
    applied = {
        (app, name) for app, name in database.execute("SELECT app, name FROM django_migrations")
    }
    try:
        schema.refuse_newer(applied)
        schema.refuse_missing(applied, "Start and stop it once with this version (make run).")
    except schema.OtherSchema as error:
        raise AdoptionError(f"{file}: {error}") from error


def adopt(source: Source, tell: Callable[[str], None]) -> None:
    """Copy every table with its ids, release what was running, set the sequences, compare.

    Raises AdoptionError.
    """
    models = list(adopted_models())
    try:
        with transaction.atomic():
            _take_tables(models)
            for model in models:
                tell(f"{_copy(source, model):>12,}  {model._meta.db_table}")
            _set_sequences(models)
            take_over()
        with connection.cursor() as cursor:
            # Without it the planner takes the tables for empty.
            cursor.execute("ANALYZE")
    except (DatabaseError, psycopg.Error, sqlite3.Error) as error:
        raise AdoptionError(f"Nothing was taken over: {str(error).strip()}") from error


def adopted_models() -> Iterator[type[Model]]:
    """Every table but those left behind."""
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label_lower
        if label not in LEFT_BEHIND and model._meta.app_label != "axes" and model._meta.managed:
            yield model


def _take_tables(models: Iterable[type[Model]]) -> None:
    """Nobody else writes from here on, and there is nothing there yet."""
    tables = {model._meta.label_lower: model._meta.db_table for model in models}
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
        names = ", ".join(f'"{table}"' for table in tables.values())
        try:
            cursor.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
        except OperationalError as error:
            message = "Somebody is using the new database: stop its web, workers and beat."
            raise AdoptionError(message) from error
        for label, table in tables.items():
            if label in MADE_BY_MIGRATE:
                continue
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')  # noqa: S608
            if cursor.fetchone() == (True,):
                raise AdoptionError(f"The new database is not empty: {table} has rows.")
        for label in sorted(MADE_BY_MIGRATE):
            cursor.execute(f'DELETE FROM "{tables[label]}"')  # noqa: S608


def _copy(source: Source, model: type[Model]) -> int:
    """One table. What SQLite holds as text and numbers, PostgreSQL reads in the same spelling."""
    table = model._meta.db_table
    columns = [str(field.column) for field in model._meta.concrete_fields]
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        try:
            with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for row in source.rows(table, columns):
                    copy.write_row(row)
        except (DatabaseError, psycopg.Error) as error:
            raise AdoptionError(f"{table} cannot be taken over: {str(error).strip()}") from error
        cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608
        (there,) = cursor.fetchone()
    if there != source.count(table):
        raise AdoptionError(f"{table} has {there} rows there and {source.count(table)} here.")
    return int(there)


def _set_sequences(models: Sequence[type[Model]]) -> None:
    """The next number of each is above all that came, which is seen by taking one."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models)):
            cursor.execute(statement)
        for model in models:
            key = model._meta.pk
            if not isinstance(key, AutoField):
                continue
            table, column = model._meta.db_table, key.column
            cursor.execute(
                f"SELECT nextval(pg_get_serial_sequence('\"{table}\"', '{column}'))"  # noqa: S608
                f' > coalesce(max("{column}"), 0) FROM "{table}"'
            )
            if cursor.fetchone() != (True,):
                raise AdoptionError(f"The numbers of {table} would be given out twice.")


# Files -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FilesFound:
    """What became of the files that rows name."""

    copied: int
    there: int
    missing: list[str]


def copy_files(source: Source) -> FilesFound:
    """Bring every file to the new storage under the name it has; what lies there whole stays.

    May be run again after it was broken off.
    """
    copied, there, missing = 0, 0, []
    for model in (StoredFile, FilePart):
        for path, size in source.rows(model._meta.db_table, ["path", "size_bytes"]):
            if not path or (default_storage.exists(path) and default_storage.size(path) == size):
                there += bool(path)
            elif (source.folder / "files" / path).is_file():
                _bring(source.folder / "files" / path, path)
                copied += 1
            else:
                missing.append(path)
    if copied and local_path("any"):
        os.sync()
    return FilesFound(copied, there, missing)


def _bring(file: Path, path: str) -> None:
    default_storage.delete(path)
    with file.open("rb") as content:
        default_storage.save(path, File(content, name=path))


# Proof -------------------------------------------------------------------------------------------


def prove(old_key: str) -> None:
    """Make a tenant and a key and use it, then take both back; and use an old key if there is one.

    Raises AdoptionError.
    """
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(slug=f"proof-{uuid4().hex}", name="Proof")
            _, text = keys.issue(tenant, name="proof", scopes=["jobs:read"], actor=audit.SYSTEM)
            opens = keys.authenticate(text) is not None
            transaction.set_rollback(True)
    except DatabaseError as error:
        raise AdoptionError(f"A new tenant cannot be made: {str(error).strip()}") from error
    if not opens:
        raise AdoptionError("A new key does not open the new console.")
    if old_key and keys.authenticate(old_key) is None:
        raise AdoptionError(
            "CONSOLE_OLD_KEY does not open the new console: it is revoked or expired, or "
            "CONSOLE_KEY_PEPPER is not what it was."
        )

"""Whether this code and the database it would work on are of one age."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

if TYPE_CHECKING:
    from collections.abc import Collection

    Names = Collection[tuple[str, str]]

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0


class OtherSchema(Exception):
    """Why this code must not work on that database, in one sentence."""


def require() -> None:
    """Compare with the database before this process does anything; wait while it is away.

    Raises OtherSchema.
    """
    applied = _applied_patiently()
    refuse_newer(applied)
    refuse_missing(applied)


def refuse_newer(applied: Names) -> None:
    """Old code would write what newer code does not understand. Raises OtherSchema."""
    known, _ = _ours()
    labels = {config.label for config in apps.get_app_configs() if config.name.startswith("apps.")}
    newer = sorted(name for name in applied if name[0] in labels and name not in known)
    if newer:
        raise OtherSchema(
            f"The database is newer than this code: it has {_first(newer)}, which is unknown here. "
            "Start the newer version of the console."
        )


def refuse_missing(applied: Names, remedy: str = "Run `manage.py migrate` first.") -> None:
    """New code would ask for what is not there. Raises OtherSchema."""
    _, needed = _ours()
    missing = sorted(needed.difference(applied))
    if missing:
        raise OtherSchema(
            f"The database is older than this code: {_first(missing)} is missing. {remedy}"
        )


def applied_here() -> Names:
    """What the database has; nothing when it is new."""
    found: Names = MigrationRecorder(connection).applied_migrations()
    return found


def _applied_patiently() -> Names:
    while True:
        try:
            return applied_here()
        except OperationalError as error:
            logger.warning("database_away", extra={"cause": str(error).strip()})
            time.sleep(PAUSE_SECONDS)
        finally:
            # A server that forks afterwards must not share a connection, nor the pool's threads.
            connection.close()
            if hasattr(connection, "close_pool"):
                connection.close_pool()


@cache
def _ours() -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    """What this code knows, and what of it a database must have."""
    found = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    replaced = {old for migration in found.values() for old in migration.replaces}
    return frozenset(found) | replaced, frozenset(found)


def _first(names: list[tuple[str, str]]) -> str:
    app, name = names[0]
    more = f" and {len(names) - 1} more" if names[1:] else ""
    return f"migration {app}.{name}{more}"

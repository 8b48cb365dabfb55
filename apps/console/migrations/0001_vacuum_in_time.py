"""Tables in which every task leaves dead rows are vacuumed by hundredths, not by fifths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import migrations

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("jobs_job", "tasks_task", "tasks_attempt", "workers_worker")
SETTINGS = {
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_analyze_scale_factor": "0.02",
}


def tune(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    pairs = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    _alter(editor, f"SET ({pairs})")


def reset(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    _alter(editor, f"RESET ({', '.join(SETTINGS)})")


def _alter(editor: BaseDatabaseSchemaEditor, what: str) -> None:
    if editor.connection.vendor == "postgresql":
        for table in TABLES:
            editor.execute(f"ALTER TABLE {table} {what}")


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_initial"),
        ("tasks", "0001_initial"),
        ("workers", "0001_initial"),
    ]

    operations = [migrations.RunPython(tune, reset)]

"""What Celery carries."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

from console_project.celery import app


def test_a_tick_that_finds_the_database_away_is_told_in_a_line_without_a_traceback() -> None:
    app.loader.import_default_modules()
    ticks = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert len(ticks) > 5
    for tick in ticks:
        assert set(tick.throws) >= {OperationalError, InterfaceError}, tick.name

"""Celery's processes ask before they begin whether the database is theirs to work on."""

from __future__ import annotations

import sys
from typing import Any

from celery.signals import beat_init, celeryd_init

from apps.console import schema

__all__ = ["refuse_another_schema"]


@celeryd_init.connect
@beat_init.connect
def refuse_another_schema(**_: Any) -> None:
    """Leave with a sentence; Celery would log any other exception and go on."""
    try:
        schema.require()
    except schema.OtherSchema as error:
        sys.exit(str(error))

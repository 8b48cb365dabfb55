"""Celery's processes ask before they begin whether settings and database are fit to work with."""

from __future__ import annotations

import sys
from typing import Any

from celery.signals import beat_init, celeryd_init

from apps.console import schema
from apps.console.checks import check_mode

__all__ = ["refuse"]


@celeryd_init.connect
@beat_init.connect
def refuse(**_: Any) -> None:
    """Leave with a sentence; Celery would log any other exception and go on."""
    lacking = check_mode(None)
    if lacking:
        sys.exit("\n".join(map(str, lacking)))
    try:
        schema.require()
    except schema.OtherSchema as error:
        sys.exit(str(error))

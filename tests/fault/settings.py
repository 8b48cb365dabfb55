"""Settings of the consoles under fault: as in production, but they may crash where told."""

from __future__ import annotations

from console_project.settings import *  # noqa: F403
from console_project.settings import INSTALLED_APPS

CRASH_POINTS = True
CONSOLE_REQUESTS_PER_MINUTE = 1_000_000
INSTALLED_APPS = [*INSTALLED_APPS, "tests.fault.sabotage.Sabotage"]

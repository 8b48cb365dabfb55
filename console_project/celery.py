"""The Celery application. It carries hints and ticks; no engine ever runs inside it."""

from __future__ import annotations

import os

from celery import Celery
from django.db.utils import InterfaceError, OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console_project.settings")
# Every check would load all that answers HTTP. `apps.console.background` asks what counts here.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("yardmaster")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="background")
# A tick that finds the database away is followed by the next: it is told in a line.
app.conf.task_annotations = {"*": {"throws": (OperationalError, InterfaceError)}}

"""The Celery application. It carries hints and ticks; no engine ever runs inside it."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console_project.settings")

app = Celery("yardmaster")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="background")

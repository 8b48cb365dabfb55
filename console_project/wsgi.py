"""The WSGI application: for threaded gunicorn in front of `/api` and `/admin`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console_project.settings")
os.environ.setdefault("CONSOLE_DB_POOL", "1")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from apps.tenants.last_use import LAST_USE  # noqa: E402 - needs the apps above

LAST_USE.start()

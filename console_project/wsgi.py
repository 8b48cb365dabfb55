"""The WSGI application: for threaded gunicorn in front of `/api` and `/admin`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console_project.settings")
os.environ.setdefault("CONSOLE_DB_POOL", "1")

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

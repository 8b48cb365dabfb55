"""The ASGI application: what daphne serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console_project.settings")
os.environ.setdefault("CONSOLE_DB_POOL", "1")

from django.core.asgi import get_asgi_application

application = get_asgi_application()

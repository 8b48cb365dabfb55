"""The project's wiring: settings, URLs, ASGI, Celery."""

from console_project.celery import app as celery_app

__all__ = ["celery_app"]

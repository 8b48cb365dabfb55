"""The ASGI application: what daphne serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console_project.settings")
os.environ.setdefault("CONSOLE_DB_POOL", "1")

import django
from asgiref.sync import sync_to_async
from channels.routing import ProtocolTypeRouter
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

django.setup(set_prefix=False)


class Pages(ASGIHandler):
    """All middleware and views are synchronous: a request goes to its thread once, and not anew
    for each middleware that could be either.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """Load all of it for a thread."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Go there."""
        return await sync_to_async(self.get_response)(request)


# After Django is set up: it imports models.
from apps.console.live.socket import serve  # noqa: E402

application = ProtocolTypeRouter({"http": Pages(), "websocket": serve})

"""How the API describes itself: both ways to log in, and the one shape of errors."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from apps.console.api.summaries import SUMMARIES
from apps.tenants.scoping import TenantViewSet

Direction = Literal["request", "response"]
ERRORS_OF_ALL = ("400", "401", "403", "415", "429", "503", "default")
ERRORS_OF_OBJECTS = ("404",)
ERRORS_OF_WRITES = ("409", "413")


_TENANT = OpenApiParameter(
    "tenant", str, description="Staff only: see and act as this tenant would."
)


class ErrorItemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class ErrorSerializer(serializers.Serializer[Any]):
    """Every answer above 399."""

    type = serializers.CharField()
    errors = ErrorItemSerializer(many=True)  # type: ignore[assignment]


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A key in the header, or the session of staff."""

    target_class = "apps.tenants.callers.KeyAuthentication"
    name = ["key", "session"]  # noqa: RUF012

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        """The header's form, then the cookie's."""
        from django.conf import settings

        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "ym_…"},
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        ]

    def get_security_requirement(self, auto_schema: AutoSchema) -> Any:
        """Either of them is enough."""
        return [{name: []} for name in self.name]


class WorkerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A realtime worker's key in the header."""

    target_class = "apps.console.api.worker_beats.WorkerKeyAuthentication"
    name = "workerKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        """The header's form."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ymw_…"}


class ConsoleSchema(AutoSchema):
    """Adds the tenant that staff may choose, and the errors that an operation may answer with."""

    def get_summary(self) -> str | None:
        """A line for each operation."""
        return SUMMARIES.get((self.method, self.path))

    def get_description(self) -> str:  # type: ignore[override]
        """Docstrings of views speak to developers of the console, not to its users."""
        return ""

    def get_override_parameters(self) -> list[Any]:
        """`?tenant=` wherever a tenant bounds the answer."""
        return [_TENANT] if isinstance(self.view, TenantViewSet) else []

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        codes = [*ERRORS_OF_ALL] if self.get_auth() else ["default"]
        if "{" in self.path:
            codes += ERRORS_OF_OBJECTS
        if self.method in {"POST", "PUT", "DELETE"}:
            codes += ERRORS_OF_WRITES
        for code in codes:
            if code not in bodies:
                bodies[code] = self._get_response_for_code(ErrorSerializer, code)  # type: ignore[no-untyped-call]
        return bodies

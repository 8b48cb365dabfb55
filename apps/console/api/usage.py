"""Usage: what ended in a span of time, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from apps.console.api.fields import names_of, valid_query
from apps.console.api.render import OrjsonRenderer
from apps.console.usage_rows import UsageRow, usage_report
from apps.tasks.history import UsageHour
from apps.tasks.sums import By, Span
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.request import Request

LONGEST = timedelta(days=400)
USUAL = timedelta(days=30)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell for a formula by."""


class UsageQuery(serializers.Serializer[Any]):
    by = serializers.ChoiceField(choices=[by.value for by in By], default=By.TENANT.value)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields: dict[str, serializers.Field] = super().get_fields()
        note = "The hour it falls in counts whole."
        first = f"{note} Left out: 30 days before `to`."
        fields["from"] = serializers.DateTimeField(required=False, help_text=first)
        last = f"{note} Left out: now. At most 400 days after `from`."
        fields["to"] = serializers.DateTimeField(required=False, help_text=last)
        return fields


class UsageRowSerializer(serializers.Serializer[Any]):
    tenant = serializers.SlugField(allow_null=True)
    engine_id = serializers.CharField(allow_null=True)
    jobs = serializers.IntegerField(allow_null=True, help_text="Ended, one way or another.")
    jobs_completed = serializers.IntegerField(allow_null=True)
    jobs_failed = serializers.IntegerField(allow_null=True)
    jobs_cancelled = serializers.IntegerField(allow_null=True)
    tasks = serializers.IntegerField(help_text="Ended after they had started.")
    tasks_completed = serializers.IntegerField()
    tasks_failed = serializers.IntegerField()
    tasks_cancelled = serializers.IntegerField()
    retries = serializers.IntegerField(help_text="Runs after which the task had to run again.")
    task_seconds = serializers.FloatField(help_text="Of all runs together.")
    gpu_seconds = serializers.FloatField(
        help_text="Seconds in which runs held memory on a card, once for each card."
    )
    session_minutes = serializers.FloatField(allow_null=True)
    duration_p50_ms = serializers.IntegerField(
        allow_null=True, help_text="Of completed runs; percentiles are right within 4.5 %."
    )
    duration_p95_ms = serializers.IntegerField(allow_null=True)
    wait_p50_ms = serializers.IntegerField(allow_null=True)
    wait_p95_ms = serializers.IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields: dict[str, serializers.Field] = super().get_fields()
        note = "`name:value`, or `other` for those beyond 1,000 a day."
        return fields | {"label": serializers.CharField(allow_null=True, help_text=note)}


@extend_schema_serializer(many=False)
class UsageSerializer(serializers.Serializer[Any]):
    by = serializers.ChoiceField(choices=[by.value for by in By])
    complete = serializers.BooleanField(
        help_text="False where there are more than 1,000 rows, or much is not added up yet."
    )
    results = UsageRowSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields: dict[str, serializers.Field] = super().get_fields()
        return fields | {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}


class CsvRenderer(BaseRenderer):
    """A line per row, with the names above; nothing a spreadsheet would run as a formula."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\r\n")
        names = list(UsageRow.__annotations__)
        lines.writerow(names)
        lines.writerows([_cell(row[name]) for name in names] for row in data["results"])
        return text.getvalue().encode()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


class UsageViewSet(TenantViewSet):
    queryset = UsageHour.objects.all()
    pagination_class = None
    renderer_classes: Sequence[type[BaseRenderer]] = (OrjsonRenderer, CsvRenderer)
    scopes: ClassVar[Mapping[str, str]] = {"list": "jobs:read"}
    query_params: ClassVar[Mapping[str, frozenset[str]]] = {"list": names_of(UsageQuery)}

    @extend_schema(
        parameters=[UsageQuery],
        responses={
            (200, "application/json"): UsageSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    def list(self, request: Request) -> Response:
        query = valid_query(UsageQuery, request.query_params)
        return Response(usage_report(_span(query), self.caller.tenant, By(query["by"])))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Errors are JSON, whatever was asked for."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if final.exception:
            final.accepted_renderer = OrjsonRenderer()
            final.accepted_media_type = OrjsonRenderer.media_type
        return final


def _span(query: Mapping[str, Any]) -> Span:
    """Raises ValidationError for `from` or `to`."""
    until: datetime = query.get("to") or timezone.now()
    _require("to", 2000 <= until.year <= 2200, "The year must be from 2000 to 2200.")
    since: datetime = query.get("from") or until - USUAL
    _require("from", 1999 <= since.year <= 2200, "The year must be from 1999 to 2200.")
    _require("from", since < until, "It must be before `to`.")
    _require("from", until - since <= LONGEST, f"At most {LONGEST.days} days before `to`.")
    return Span.around(since, until)


def _require(name: str, is_so: bool, detail: str) -> None:
    if not is_so:
        raise ValidationError({name: [ErrorDetail(detail, code="out_of_range")]})

"""One verb on many jobs: asked for by their ids or a filter, then looked at as it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import QueryDict
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from apps.console.api.fields import StrictSerializer, names_of, valid, valid_query
from apps.console.api.jobs_filters import JobFilter
from apps.console.bulk_rows import RESULTS, bulk_row
from apps.console.job_rows import visible_jobs
from apps.jobs.models import BulkAction
from apps.jobs.status import BulkResult, BulkVerb
from apps.tasks import bulk
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

_FILTERS = sorted(JobFilter.base_filters)
_REPEATABLE = {"status", "label"}


@extend_schema_field({"type": "array", "items": {"type": "string", "format": "uuid"}})
class IdsField(serializers.Field[Any, Any, Any, Any]):
    """Ids of jobs; one that appears twice counts once."""

    def to_internal_value(self, data: Any) -> list[UUID]:
        most: int = settings.CONSOLE_MAX_BULK
        if not isinstance(data, list) or not 0 < len(data) <= most:
            raise ValidationError(f"Expected a list of 1 to {most:,} ids.", code="invalid")
        return [self._one(number, text) for number, text in enumerate(data)]

    def _one(self, number: int, text: object) -> UUID:
        try:
            if isinstance(text, str):
                return UUID(text)
        except ValueError:
            pass
        raise ValidationError(f"Item {number} is not an id.", code="invalid")


@extend_schema_field(
    {
        "type": "object",
        "description": "The names of the job list's query; a list where one may be repeated.",
        "properties": {
            name: {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
            if name in _REPEATABLE
            else {"type": "string"}
            for name in _FILTERS
        },
        "additionalProperties": False,
    }
)
class FilterField(serializers.Field[Any, Any, Any, Any]):
    """What the query of the job list says, as an object; it becomes such a query."""

    def to_internal_value(self, data: Any) -> QueryDict:
        if not isinstance(data, dict):
            raise ValidationError("Expected an object.", code="invalid")
        query = QueryDict(mutable=True)
        for name, value in data.items():
            if name not in _FILTERS:
                error = ErrorDetail("There is no such filter.", code="unknown_field")
                raise ValidationError({name[:100]: [error]})
            query.setlist(name, self._texts(name, value))
        return query

    def _texts(self, name: str, value: object) -> list[str]:
        given = value if isinstance(value, list) and name in _REPEATABLE else [value]
        texts = [text for text in given if isinstance(text, str)]
        if len(texts) < len(given):
            raise ValidationError({name: [ErrorDetail("Expected a string.", code="invalid")]})
        return texts


class BulkRequestSerializer(StrictSerializer):
    """Either ids or a filter; what the filter finds now is what it is about."""

    action = serializers.ChoiceField(choices=BulkVerb.choices)
    ids = IdsField(required=False)
    filter = FilterField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            error = ErrorDetail("Give either ids or a filter.", code="invalid")
            raise ValidationError({"ids": [error]})
        return attrs


class BulkStartedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    total = serializers.IntegerField()


class BulkItemSerializer(serializers.Serializer[Any]):
    job_id = serializers.UUIDField()
    result = serializers.ChoiceField(choices=BulkResult.choices, allow_null=True)
    detail = serializers.CharField(allow_null=True)


class BulkSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    action = serializers.ChoiceField(choices=BulkVerb.choices)
    actor = serializers.CharField()
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Those refused or gone.")
    pending = serializers.IntegerField()
    items = BulkItemSerializer(many=True)
    next = serializers.UUIDField(allow_null=True, help_text="The `after` of the next page.")


class BulkQuery(serializers.Serializer[Any]):
    after = serializers.UUIDField(default=None, help_text="A former page's `next`.")
    limit = serializers.IntegerField(min_value=1, max_value=200, default=100)
    result = serializers.ChoiceField(choices=RESULTS, default=None)


class BulkViewSet(TenantViewSet):
    queryset = BulkAction.objects.all()
    pagination_class = None
    scopes: ClassVar[Mapping[str, str]] = {"create": "jobs:write", "retrieve": "jobs:write"}
    query_params: ClassVar[Mapping[str, frozenset[str] | set[str]]] = {
        "retrieve": names_of(BulkQuery)
    }

    @extend_schema(request=BulkRequestSerializer, responses={202: BulkStartedSerializer})
    def create(self, request: Request) -> Response:
        asked = valid(BulkRequestSerializer, request.data)
        ids = asked["ids"] if "ids" in asked else self._found(asked["filter"])
        verb = BulkVerb(asked["action"])
        started = bulk.start(self.caller.tenant, verb, ids, self.caller.actor)
        return Response({"id": started.pk, "total": len(set(ids))}, status=202)

    @extend_schema(parameters=[BulkQuery], responses=BulkSerializer)
    def retrieve(self, request: Request, bulk_id: str) -> Response:
        found: BulkAction = self.find(self.get_queryset(), id=bulk_id)
        query = valid_query(BulkQuery, request.query_params)
        to_tenant = self.caller.tenant is not None
        return Response(bulk_row(found, **query, to_tenant=to_tenant))

    def _found(self, query: QueryDict) -> list[UUID]:
        """The jobs that the filter finds now. Raises ValidationError for too many."""
        jobs = JobFilter(data=query, queryset=self.scoped(visible_jobs()))
        if not jobs.is_valid():
            raise ValidationError({"filter": jobs.form.errors})
        most: int = settings.CONSOLE_MAX_BULK
        ids = list(jobs.qs.order_by("-id").values_list("id", flat=True)[: most + 1])
        if len(ids) > most:
            detail = f"It finds more than {most:,} jobs: narrow it."
            raise ValidationError({"filter": [ErrorDetail(detail, code="too_many")]})
        return ids

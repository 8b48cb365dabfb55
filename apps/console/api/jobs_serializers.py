"""The shapes of jobs: what is submitted, what is answered, and what a list can be narrowed to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError as FormError
from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from apps.console.api.fields import FlagField, StrictSerializer, TextField, WholeField, printable
from apps.jobs.models import Job
from apps.jobs.status import JobStatus
from apps.tasks.models import Task
from apps.tenants.strict_json import check_keys

if TYPE_CHECKING:
    from rest_framework.request import Request

MOST_LABELS = 50
LONGEST_KEY = 200
LONGEST_LABEL_NAME = 63
LONGEST_LABEL_VALUE = 200


class ParametersField(serializers.JSONField):
    """An object that reaches every task unchanged."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise ValidationError("Expected an object.", code="invalid")
        check_keys(data, self.field_name or "parameters")
        return data


class LabelsField(serializers.DictField):
    """`{name: value}`, to find the job by."""

    child = TextField(max_length=LONGEST_LABEL_VALUE, validators=[printable])

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if isinstance(data, dict):
            self._check_names(data)
        values: dict[str, str] = super().to_internal_value(data)
        return values

    def _check_names(self, names: dict[str, Any]) -> None:
        if len(names) > MOST_LABELS:
            raise ValidationError(f"A job has at most {MOST_LABELS} labels.", code="too_many")
        for name in names:
            if not 0 < len(name) <= LONGEST_LABEL_NAME or ":" in name or not name.isprintable():
                detail = f"A label's name has 1 to {LONGEST_LABEL_NAME} characters and no colon."
                raise ValidationError(detail, code="invalid_name")


class SubmissionSerializer(StrictSerializer):
    """A job to be: a pipeline's name, or tasks."""

    name = TextField(max_length=200, validators=[printable])
    pipeline = TextField(max_length=100, allow_null=True, default=None)
    tasks = serializers.JSONField(allow_null=True, default=None, help_text="A list of tasks.")
    parameters = ParametersField(default=dict)
    priority = WholeField(min_value=-100, max_value=100, default=0)
    labels = LabelsField(default=dict)


class CancelSerializer(StrictSerializer):
    force = FlagField(default=False, help_text="Give up on processes whose end is not confirmed.")


class CloneSerializer(StrictSerializer):
    parameters = ParametersField(default=None)


class WaitQuery(serializers.Serializer[Any]):
    wait = serializers.IntegerField(
        min_value=0, max_value=60, default=0, help_text="Answer when it ends, or after so long (s)."
    )


class EventsQuery(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


def idempotency_key(request: Request) -> str | None:
    """The header, if it is there. Raises ValidationError for one that cannot be a key."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and (not 0 < len(key) <= LONGEST_KEY or not key.isprintable()):
        detail = f"It has 1 to {LONGEST_KEY} printable characters."
        raise ValidationError({"Idempotency-Key": [ErrorDetail(detail, code="invalid")]})
    return key


# Answers -----------------------------------------------------------------------------------------


class ProgressSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    pending = serializers.IntegerField()
    ready = serializers.IntegerField()
    running = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class JobSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    tenant = serializers.SlugField()
    name = serializers.CharField()
    pipeline = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=JobStatus.choices)
    priority = serializers.IntegerField()
    labels = serializers.DictField(child=serializers.CharField())
    progress = ProgressSerializer()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)


class JobDetailSerializer(JobSerializer):
    parameters = serializers.DictField()
    result = serializers.DictField(
        allow_null=True, help_text="The outputs of the tasks nothing depends on, when completed."
    )
    result_too_large = serializers.BooleanField()
    error = serializers.CharField(allow_null=True)
    seq = serializers.IntegerField()


@extend_schema_serializer(many=False)
class JobPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(allow_null=True)
    count_capped = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = JobSerializer(many=True)


class EventSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    type = serializers.CharField()
    actor = serializers.CharField()
    changes = serializers.DictField()


class EventPageSerializer(serializers.Serializer[Any]):
    events = EventSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)


# Filters -----------------------------------------------------------------------------------------


class _LabelFormField(forms.Field):
    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[tuple[str, str]]:
        pairs = [text.partition(":") for text in value or ()]
        if len(pairs) > MOST_LABELS or any(not name or not colon for name, colon, _ in pairs):
            raise FormError("Write a label as name:value.", code="invalid")
        if any("\0" in name + wanted for name, _, wanted in pairs):
            raise FormError("Null characters are not allowed.", code="invalid")
        return [(name, wanted) for name, _, wanted in pairs]


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class LabelFilter(django_filters.Filter):  # type: ignore[misc]
    """`label=name:value`, repeatable: jobs that have them all."""

    field_class = _LabelFormField

    def filter(self, queryset: QuerySet[Job], pairs: list[tuple[str, str]]) -> QuerySet[Job]:
        for name, wanted in pairs or ():
            queryset = queryset.filter(labels__name=name, labels__value=wanted)
        return queryset


def _sensible_year(at: datetime) -> None:
    if not 1970 <= at.year <= 2200:
        raise FormError("The year must be from 1970 to 2200.", code="out_of_range")


class JobFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.MultipleChoiceFilter(choices=JobStatus.choices, method="by_status")
    q = django_filters.CharFilter(max_length=64, method="by_text")
    engine = django_filters.CharFilter(max_length=100, method="by_engine")
    pipeline = django_filters.CharFilter(max_length=100)
    label = LabelFilter()
    created_after = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", validators=[_sensible_year]
    )
    created_before = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="lt", validators=[_sensible_year]
    )

    def by_status(self, jobs: QuerySet[Job], _name: str, statuses: list[str]) -> QuerySet[Job]:
        return jobs.filter(status__in=statuses) if statuses else jobs

    @extend_schema_field(OpenApiTypes.STR)
    def by_text(self, jobs: QuerySet[Job], _name: str, text: str) -> QuerySet[Job]:
        """Jobs whose name, or id, begins so."""
        return jobs.filter(Q(name__istartswith=text) | _id_begins(text))

    @extend_schema_field(OpenApiTypes.STR)
    def by_engine(self, jobs: QuerySet[Job], _name: str, engine_id: str) -> QuerySet[Job]:
        """Jobs with a task of this engine."""
        return jobs.filter(Exists(Task.objects.filter(job=OuterRef("pk"), engine_id=engine_id)))


def _id_begins(text: str) -> Q:
    digits = text.replace("-", "").lower()
    if not digits or len(digits) > 32 or not set(digits) <= set("0123456789abcdef"):
        return Q()
    return Q(id__gte=digits.ljust(32, "0"), id__lte=digits.ljust(32, "f"))

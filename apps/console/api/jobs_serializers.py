"""The shapes of jobs: what is submitted, and what is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from apps.console.api.fields import FlagField, StrictSerializer, TextField, WholeField, printable
from apps.jobs.status import JobStatus
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
    demo = serializers.BooleanField(help_text="Of a built-in pipeline, for a first look.")
    raised = serializers.BooleanField(help_text="Staff put it before the jobs of all tenants.")
    seq = serializers.IntegerField(help_text="The number of the job's newest event.")


class ReceiptSerializer(serializers.Serializer[Any]):
    requested_at = serializers.DateTimeField()
    requested_by = serializers.CharField(allow_null=True)
    signalled_at = serializers.DateTimeField(allow_null=True)
    gone_at = serializers.DateTimeField(allow_null=True)
    freed_at = serializers.DateTimeField(allow_null=True)


class JobReceiptSerializer(ReceiptSerializer):
    attempts = serializers.IntegerField(help_text="How many runs were told to stop.")
    unconfirmed = serializers.IntegerField(
        help_text="Those told more than 30 s ago whose process is not known to be gone."
    )


class JobDetailSerializer(JobSerializer):
    parameters = serializers.DictField()
    result = serializers.DictField(
        allow_null=True, help_text="The outputs of the tasks nothing depends on, when completed."
    )
    result_too_large = serializers.BooleanField()
    error = serializers.CharField(allow_null=True)
    gpu_seconds = serializers.FloatField(
        allow_null=True, help_text="Of all attempts; null where none was seen on a card."
    )
    cancel = JobReceiptSerializer(allow_null=True)


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

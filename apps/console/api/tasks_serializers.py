"""The shapes of tasks."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from apps.console.api.fields import StrictSerializer
from apps.console.api.gpus import KINDS
from apps.console.api.jobs_serializers import ParametersField, ReceiptSerializer
from apps.tasks.status import AttemptOutcome, TaskStatus


class TaskRetrySerializer(StrictSerializer):
    config = ParametersField(default=None)


class MapSerializer(serializers.Serializer[Any]):
    """Over which task's output, and where in it the list is."""

    over = serializers.CharField()
    path = serializers.CharField(allow_blank=True)
    max = serializers.IntegerField()


class TaskSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    stage = serializers.CharField()
    engine_id = serializers.CharField()
    status = serializers.ChoiceField(choices=TaskStatus.choices)
    dependencies = serializers.ListField(child=serializers.UUIDField())
    required = serializers.BooleanField()  # type: ignore[assignment]
    ready_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    wait_ms = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    attempt = serializers.IntegerField()
    failures = serializers.IntegerField()
    max_retries = serializers.IntegerField()
    retry_at = serializers.DateTimeField(allow_null=True)
    worker = serializers.CharField(allow_null=True)
    progress = serializers.FloatField(allow_null=True)
    gpu_memory_peak_mb = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    error_code = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    seq = serializers.IntegerField()
    map = MapSerializer(allow_null=True)
    mapped_from = serializers.UUIDField(allow_null=True)
    map_index = serializers.IntegerField(allow_null=True)


@extend_schema_serializer(many=False)
class JobTasksSerializer(serializers.Serializer[Any]):
    job_id = serializers.UUIDField()
    seq = serializers.IntegerField()
    tasks = TaskSerializer(many=True)


class AutopsyHolderSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=KINDS)
    pid = serializers.IntegerField()
    used_mb = serializers.IntegerField(allow_null=True)
    tenant = serializers.CharField(allow_null=True)
    job_id = serializers.UUIDField(allow_null=True)
    task_id = serializers.UUIDField(allow_null=True)
    attempt = serializers.IntegerField(allow_null=True)
    engine_id = serializers.CharField(allow_null=True)
    worker = serializers.CharField(allow_null=True)


class AutopsySampleSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    used_mb = serializers.IntegerField(allow_null=True, help_text="A tenant's own only.")
    reason = serializers.CharField(allow_null=True)
    holders = AutopsyHolderSerializer(many=True, help_text="A tenant's own only.")


class AutopsySerializer(serializers.Serializer[Any]):
    uuid = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    total_mb = serializers.IntegerField(allow_null=True)
    samples = AutopsySampleSerializer(many=True)


class AttemptSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    worker = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(choices=AttemptOutcome.choices, allow_null=True)
    error = serializers.CharField(allow_null=True)
    error_code = serializers.CharField(allow_null=True)
    gpu_memory_peak_mb = serializers.IntegerField(allow_null=True)
    gpu_seconds = serializers.FloatField(allow_null=True)
    cards = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="The uuids of the cards that it held; null to a tenant.",
    )
    autopsy = AutopsySerializer(
        many=True,
        allow_null=True,
        help_text="The minute on its cards before it was killed or ran out of memory.",
    )


class TaskFileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class TaskReceiptSerializer(ReceiptSerializer):
    confirmed = serializers.BooleanField(help_text="The process is known to be gone.")


class TaskDetailSerializer(TaskSerializer):
    config = serializers.DictField()
    inputs = serializers.DictField(allow_null=True)
    inputs_too_large = serializers.BooleanField()
    output = serializers.JSONField(allow_null=True)
    files = TaskFileSerializer(many=True)
    attempts = AttemptSerializer(many=True)
    cancel = TaskReceiptSerializer(allow_null=True)


class BlockingSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    status = serializers.ChoiceField(choices=TaskStatus.choices)


class SpanSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField()
    to = serializers.DateTimeField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.DateTimeField()}


class WhySerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=TaskStatus.choices)
    reason = serializers.CharField()
    detail = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    blocking = BlockingSerializer(many=True)
    position = serializers.IntegerField(allow_null=True)
    eta = serializers.DateTimeField(allow_null=True)
    history = SpanSerializer(many=True)

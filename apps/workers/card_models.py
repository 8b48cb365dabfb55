"""The cards of the machines: what they are, their last reading, and their history."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class NodeCards(models.Model):
    """The last look at a machine's cards, written by whichever worker process looked.

    `reason` says why none could be read, and is empty when they could. `driver`: `nvml`, or
    `simulated`. Having no card is trouble only where the machine has a `Gpu` that is not retired.
    """

    node = models.OneToOneField(
        "workers.Node", on_delete=models.CASCADE, primary_key=True, related_name="cards"
    )
    at = models.DateTimeField()
    driver = models.CharField(max_length=9)
    driver_version = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=20, blank=True)
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.node_id} {self.reason or 'read'}"


class Gpu(models.Model):
    """A card, or a MIG instance of the card `mig_parent`, at the machine that last had it.

    `missing_since`: the driver answers and does not name it any more. `retired_at`: another has
    taken its place, or it has been missing for long; it is kept for its history only.
    """

    uuid = models.CharField(max_length=96, primary_key=True)
    node = models.ForeignKey("workers.Node", on_delete=models.CASCADE, related_name="gpus")
    index = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120, blank=True)
    total_mb = models.PositiveIntegerField(null=True)
    mig_parent = models.CharField(max_length=96, blank=True)
    driver = models.CharField(max_length=9)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.node_id}/{self.index} {self.uuid}"


class GpuSample(models.Model):
    """A card at a moment, `at` as its machine's `NodeCards`. What could not be read is null, and
    `reason` says why where that concerns the memory or the whole card.

    `holders`: a list of the processes on it, `{kind, pid, used_mb, …}`: see `cards/holders.py`.
    """

    gpu = models.ForeignKey(Gpu, on_delete=models.CASCADE, related_name="samples", db_index=False)
    at = models.DateTimeField()
    used_mb = models.PositiveIntegerField(null=True)
    utilization = models.PositiveSmallIntegerField(null=True)
    temperature = models.SmallIntegerField(null=True)
    power_w = models.FloatField(null=True)
    reason = models.CharField(max_length=20, blank=True)
    holders = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["gpu", "at"], name="gpu_sample_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["at"], name="gpu_sample_age"),
        ]

    def __str__(self) -> str:
        return f"{self.gpu_id} {self.used_mb}"


class GpuSum(models.Model):
    """The samples of a card in a span that begins at `starts_at`: averages and peaks.

    `samples` counts them, `unread` those without a memory figure; `reason` is one of theirs.
    """

    gpu = models.ForeignKey(Gpu, on_delete=models.CASCADE, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    samples = models.PositiveIntegerField()
    unread = models.PositiveIntegerField(default=0)
    used_mb = models.FloatField(null=True)
    used_peak_mb = models.PositiveIntegerField(null=True)
    utilization = models.FloatField(null=True)
    utilization_peak = models.PositiveSmallIntegerField(null=True)
    temperature = models.FloatField(null=True)
    temperature_peak = models.SmallIntegerField(null=True)
    power_w = models.FloatField(null=True)
    power_peak_w = models.FloatField(null=True)
    reason = models.CharField(max_length=20, blank=True)

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["gpu", "starts_at"], name="%(class)s_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["starts_at"], name="%(class)s_age"),
        ]

    def __str__(self) -> str:
        return f"{self.gpu_id} {self.starts_at:%Y-%m-%d %H:%M}"


class GpuMinute(GpuSum):
    """A minute of a card."""


class GpuQuarter(GpuSum):
    """A quarter of an hour of a card: the sum of its minutes."""


class WorkerHosts(models.Model):
    """The engine hosts of a batch worker, so that whoever reads the cards knows whose processes
    they are: a list of `{pid, group, engine_id, task_id, attempt}`; the last two are null while
    the host is kept warm. Written only on machines that have cards.
    """

    worker = models.OneToOneField(
        "workers.Worker", on_delete=models.CASCADE, primary_key=True, related_name="hosts"
    )
    hosts = models.JSONField(default=list)

    def __str__(self) -> str:
        return str(self.worker_id)

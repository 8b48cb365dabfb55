"""Who there is: users, tenants, their keys, and the trail of what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence

SLUG_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
LARGEST_COUNT = 2_147_483_647

validate_slug = RegexValidator(
    SLUG_PATTERN, "Use lower-case letters, digits and inner hyphens, at most 63 characters."
)


class User(AbstractUser):
    """A person. `is_staff` opens the console and the admin; there are no tenant logins."""


class Tenant(models.Model):
    """A team that shares the machines. An inactive one's keys are dead at once.

    Quotas are `None` for unlimited. While several wait, each gets slots in proportion to its
    `weight`; while `paused_at` is set nothing of it is claimed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(max_length=63, unique=True, validators=[validate_slug])
    name = models.CharField(max_length=200)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    max_active_jobs = models.PositiveIntegerField(null=True, blank=True)
    max_running_tasks = models.PositiveIntegerField(null=True, blank=True)
    max_submits_per_minute = models.PositiveIntegerField(null=True, blank=True)
    max_sessions = models.PositiveIntegerField(null=True, blank=True)
    retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(36_500)],
        help_text="Ended jobs, their events and logs, and files are kept so long. "
        "Empty: as the settings say.",
    )
    weight = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_by = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["slug"]

    def __str__(self) -> str:
        return self.slug


class ApiKey(models.Model):
    """A tenant's credential `ym_<public id>_<secret>_<checksum>`; only an HMAC of it is stored.

    Written by `keys.py` alone: issue, rotate (both keys work for a day), revoke.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=200)
    public_id = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    rotated_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="rotations"
    )

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} (ym_{self.public_id}_…)"


class WorkerKey(models.Model):
    """A realtime worker's credential: for names that start with `name_prefix`, up to `capacity`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name_prefix = models.CharField(
        max_length=63,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*-\Z", "End it with a hyphen.")],
    )
    capacity = models.PositiveIntegerField(
        default=64, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    hosts = models.JSONField(default=list, blank=True)
    public_id = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.name_prefix}… (ymw_{self.public_id}_…)"


class AuditEntry(models.Model):
    """What was done, by whom. Append-only: written by each verb in its own transaction."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=200)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    key_public_id = models.CharField(max_length=12, blank=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=100)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "-id"], name="audit_by_tenant"),
            models.Index(fields=["object_type", "object_id"], name="audit_by_object"),
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_type} {self.object_id}"

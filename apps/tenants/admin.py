"""The admin of who there is: tenants with their keys, worker keys, staff, and the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.urls import path, reverse
from django.utils.html import format_html_join

from apps.tenants import admin_keys, audit
from apps.tenants.admin_base import BoundedAdmin, ReadOnlyAdmin, Since, actor_of
from apps.tenants.models import ApiKey, AuditEntry, Tenant, User, WorkerKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model, QuerySet
    from django.forms import ModelForm
    from django.http import HttpRequest
    from django.urls import URLPattern


def _key_links(kind: str, key: ApiKey | WorkerKey) -> str:
    """Rotate and revoke, for a key that is alive."""
    if key.pk is None or key.revoked_at is not None:
        return ""
    verbs = [
        (reverse(f"admin:{kind}_{verb}", args=[key.pk]), verb) for verb in ("rotate", "revoke")
    ]
    return format_html_join(" · ", '<a href="{}">{}</a>', verbs)


# Tenants and their keys --------------------------------------------------------------------------


class ApiKeyInline(admin.TabularInline):
    """A tenant's keys, to look at; what can be done with one stands in its last column."""

    model = ApiKey
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ("name", "public_id", "scopes", "created_at", "expires_at", "last_used_at",
              "revoked_at", "verbs")  # fmt: skip
    readonly_fields = fields

    @admin.display(description="")
    def verbs(self, key: ApiKey) -> str:
        return _key_links("api_key", key)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Tenant)
class TenantAdmin(BoundedAdmin):
    """Tenants are never deleted: an inactive one's keys are dead at once."""

    list_display = ("slug", "name", "active", "weight", "paused_at", "created_at")
    list_filter = ("active", ("paused_at", admin.EmptyFieldListFilter))
    search_fields = ("slug", "name")
    fields = ("slug", "name", "active", "weight", "max_active_jobs", "max_running_tasks",
              "max_submits_per_minute", "max_sessions", "retention_days", "paused_at", "paused_by",
              "created_at")  # fmt: skip
    inlines = (ApiKeyInline,)
    change_form_template = "admin/tenant_change_form.html"

    def get_readonly_fields(
        self, request: HttpRequest, obj: Tenant | None = None
    ) -> tuple[str, ...]:
        seen = ("paused_at", "paused_by", "created_at")
        return seen if obj is None else ("slug", *seen)

    def save_model(self, request: HttpRequest, obj: Tenant, form: ModelForm, change: bool) -> None:
        """Save and record in one transaction; ending or resuming a tenant has its own name."""
        before = {name: form.initial.get(name) for name in form.changed_data} if change else None
        after = {name: form.cleaned_data[name] for name in form.changed_data}
        action = "update" if change else "create"
        if change and "active" in form.changed_data:
            action = "activate" if obj.active else "deactivate"
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            audit.record(actor_of(request), action, obj, tenant=obj, before=before, after=after)

    def get_urls(self) -> list[URLPattern]:
        issue = self.admin_site.admin_view(admin_keys.issue)
        return [path("<uuid:pk>/issue/", issue, name="api_key_issue"), *super().get_urls()]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys are issued from their tenant's page; a secret is shown once and never here."""

    list_display = ("name", "public_id", "tenant", "expires_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("tenant",)
    search_fields = ("name", "public_id", "tenant__slug")
    exclude = ("digest",)
    readonly_fields = ("verbs",)

    @admin.display(description="Do")
    def verbs(self, key: ApiKey) -> str:
        return _key_links("api_key", key)

    def get_urls(self) -> list[URLPattern]:
        return [*_verb_urls(self, "api_key", admin_keys.rotate, admin_keys.revoke),
                *super().get_urls()]  # fmt: skip


@admin.register(WorkerKey)
class WorkerKeyAdmin(ReadOnlyAdmin):
    """Credentials of realtime workers."""

    list_display = ("name_prefix", "public_id", "capacity", "expires_at", "revoked_at")
    search_fields = ("name_prefix", "public_id")
    exclude = ("digest",)
    readonly_fields = ("verbs",)
    change_list_template = "admin/worker_key_change_list.html"

    @admin.display(description="Do")
    def verbs(self, key: WorkerKey) -> str:
        return _key_links("worker_key", key)

    def get_urls(self) -> list[URLPattern]:
        issue = self.admin_site.admin_view(admin_keys.issue_worker)
        return [
            path("issue/", issue, name="worker_key_issue"),
            *_verb_urls(self, "worker_key", admin_keys.rotate_worker, admin_keys.revoke_worker),
            *super().get_urls(),
        ]


def _verb_urls(
    owner: admin.ModelAdmin, kind: str, rotate: Callable[..., Any], revoke: Callable[..., Any]
) -> list[URLPattern]:
    view = owner.admin_site.admin_view
    return [
        path("<uuid:pk>/rotate/", view(rotate), name=f"{kind}_rotate"),
        path("<uuid:pk>/revoke/", view(revoke), name=f"{kind}_revoke"),
    ]


# Staff and the trail -----------------------------------------------------------------------------

admin.site.unregister(Group)

ACTIONS = ("login", "logout", "create", "update", "activate", "deactivate", "issue", "rotate",
           "revoke", "submit", "cancel", "force_cancel", "retry", "clone", "delete", "bulk",
           "raise", "lower", "pause", "resume", "drain", "expire", "open", "release")  # fmt: skip


@admin.register(User)
class StaffAdmin(BoundedAdmin, UserAdmin):
    """Staff users, managed by superusers alone. One who left is made inactive, not deleted."""

    list_display = ("username", "email", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    readonly_fields = ("last_login", "date_joined")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    filter_horizontal = ("user_permissions",)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        names = [name for name in form.changed_data if not name.startswith("password")]
        after = {name: str(form.cleaned_data[name]) for name in names}
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            audit.record(actor_of(request), "update" if change else "create", obj, after=after)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_superuser(request)

    def _is_superuser(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


class Action(admin.SimpleListFilter):
    """The actions there are, written out: asking the trail for them would read all of it."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(action, action) for action in ACTIONS]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """The trail, to read and filter; nobody changes it."""

    list_display = ("at", "actor", "action", "object_type", "object_id", "tenant", "address")
    list_filter = (Since, Action, "tenant")
    list_select_related = ("tenant",)
    search_fields = ("=actor", "=object_id", "=request_id")

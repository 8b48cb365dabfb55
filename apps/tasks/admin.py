"""The admin of pipelines, checked as a submission is; and the pausing of tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction

from apps.jobs.models import Pipeline
from apps.tasks import graph, pauses
from apps.tasks.engines.registry import registry
from apps.tenants import audit
from apps.tenants.admin_base import BoundedAdmin, actor_of
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class PipelineForm(forms.ModelForm):
    """Refuses a graph that no job could be made of."""

    class Meta:
        model = Pipeline
        fields = ("name", "tenant", "description", "tasks", "active")

    def clean_tasks(self) -> object:
        tasks = self.cleaned_data["tasks"]
        try:
            graph.parse(
                tasks,
                registry().engines,
                max_tasks=settings.CONSOLE_MAX_TASKS,
                max_edges=settings.CONSOLE_MAX_EDGES,
            )
        except graph.GraphError as error:
            raise ValidationError(
                [f"{problem.attr}: {problem.detail}" for problem in error.errors]
            ) from error
        return tasks


@admin.register(Pipeline)
class PipelineAdmin(BoundedAdmin):
    """Pipelines are made inactive, not deleted: jobs name them."""

    form = PipelineForm
    list_display = ("name", "tenant", "active", "updated_at")
    list_filter = ("active", "tenant")
    list_select_related = ("tenant",)
    search_fields = ("name",)

    fields = ("name", "tenant", "description", "tasks", "active", "created_at", "updated_at")
    readonly_fields = ("created_at", "updated_at")

    def save_model(
        self, request: HttpRequest, obj: Pipeline, form: forms.ModelForm, change: bool
    ) -> None:
        after = {name: form.cleaned_data[name] for name in form.changed_data if name != "tenant"}
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            audit.record(
                actor_of(request),
                "update" if change else "create",
                obj,
                tenant=obj.tenant,
                after=after,
            )


# Pausing writes what tasks wait for, which the app of the tenants knows nothing of: so these two
# are hung on its admin from here.


@admin.action(description="Pause: claim nothing more", permissions=["change"])
def pause(owner: admin.ModelAdmin, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
    """Pause each."""
    for slug in tenants.values_list("slug", flat=True):
        pauses.pause_tenant(slug, actor_of(request))


@admin.action(description="Resume", permissions=["change"])
def resume(owner: admin.ModelAdmin, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
    """Resume each."""
    for slug in tenants.values_list("slug", flat=True):
        pauses.resume_tenant(slug, actor_of(request))


admin.site.get_model_admin(Tenant).actions = [pause, resume]

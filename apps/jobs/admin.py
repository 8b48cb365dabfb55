"""The admin of jobs: rows to find one by, each leading to its page in the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.html import format_html

from apps.jobs.models import Job
from apps.tenants.admin_base import ReadOnlyAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """What is done to a job is done in the console."""

    list_display = ("name", "tenant", "status", "created_at", "completed_at", "console")
    list_filter = ("status", "tenant")
    list_select_related = ("tenant",)
    ordering = ("-id",)
    sortable_by = ()
    fields = ("console", "id", "tenant", "name", "pipeline", "status", "priority", "created_by",
              "created_at", "started_at", "completed_at", "total_tasks", "error")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).filter(deleted_at=None)

    @admin.display(description="console")
    def console(self, job: Job) -> str:
        return format_html('<a href="/console/jobs/{}">Open</a>', job.pk)

"""The admin of workers: rows to look at, each leading to what it serves in the console."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html

from apps.tenants.admin_base import ReadOnlyAdmin
from apps.workers.models import Worker


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Workers register themselves and leave by themselves."""

    list_display = ("name", "kind", "node", "status", "started_at", "last_heartbeat_at", "console")
    list_filter = ("kind", "status")
    list_select_related = ("node",)
    ordering = ("-id",)
    sortable_by = ()
    fields = ("console", "id", "name", "kind", "node", "status", "endpoint", "capacity",
              "model_names", "engines", "started_at", "last_heartbeat_at", "lease_until",
              "stopped_at")  # fmt: skip

    @admin.display(description="console")
    def console(self, worker: Worker) -> str:
        return format_html('<a href="/console/engines">{}</a>', "Engines")

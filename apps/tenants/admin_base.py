"""What every admin page keeps to: bounded lists, nothing deleted, and who did it."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator

from apps.tenants.actors import staff_actor

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

    from apps.tenants.audit import Actor
    from apps.tenants.models import User

MOST_COUNTED = 10_000
DAY_SECONDS = 86_400


class CappedPaginator(Paginator):
    """Counts no further than 10,000, so that no list reads a whole history."""

    @cached_property
    def count(self) -> int:
        """The rows, or 10,000 where there are more."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:MOST_COUNTED].count()


class BoundedAdmin(admin.ModelAdmin):
    """A list that never counts or loads without a bound, and deletes nothing."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 200
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(BoundedAdmin):
    """Rows that only the system writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Since(admin.SimpleListFilter):
    """The last week, unless more is asked for: bounds what the other filters search.

    Ids are UUIDv7, so the bound is a range of the primary key.
    """

    title = "since"
    parameter_name = "since"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("30", "30 days"), ("365", "a year"), ("all", "the beginning")]

    def choices(self, changelist: Any) -> Any:
        first, *rest = super().choices(changelist)
        return [first | {"display": "7 days"}, *rest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        days = self.value() or "7"
        if days not in {"7", "30", "365"}:
            return queryset
        return queryset.filter(pk__gte=_first_id(int(time.time()) - int(days) * DAY_SECONDS))


def _first_id(seconds: int) -> UUID:
    """The lowest UUIDv7 of this second."""
    return UUID(int=(seconds * 1000) << 80 | 7 << 76 | 2 << 62)


def actor_of(request: HttpRequest) -> Actor:
    """The staff user who uses the admin."""
    return staff_actor(request, cast("User", request.user))

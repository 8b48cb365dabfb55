"""Pages of a list, newest first, by the time-ordered id: no page costs more than the first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing
from django.core.cache import cache
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response

from apps.console.api.fields import valid_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import QueryDict
    from rest_framework.request import Request
    from rest_framework.views import APIView

MOST_COUNTED = 10_000
MANY_SECONDS = 60
PLACE = "place"
"""What a queryset calls the column it is to be paged by, where that is not its own `id`."""
_signer = signing.Signer(salt="console.pagination")


class PageQuery(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=200, default=20)
    offset = serializers.IntegerField(min_value=0, max_value=10_000, default=0)
    cursor = serializers.CharField(
        max_length=200, required=False, help_text="From a former page's `next` or `previous`."
    )


@dataclass(frozen=True, slots=True)
class Cursor:
    """The page before or after a row, in the order of the list."""

    row_id: UUID
    backwards: bool

    def text(self) -> str:
        """What stands in the URL."""
        return _signer.sign(f"{'b' if self.backwards else 'f'}{self.row_id.hex}")

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Raises ValidationError for anything we did not write."""
        try:
            value = _signer.unsign(text)
        except signing.BadSignature:
            error = ErrorDetail("This cursor is not one of ours.", code="invalid")
            raise ValidationError({"cursor": [error]}) from None
        return cls(UUID(value[1:]), backwards=value[0] == "b")


class KeysetPagination(BasePagination):
    """Pages `queryset.values(…)` that hold the `id`.

    A view whose `countable` is False is not counted: the database would have to scan.
    """

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any, Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        query = valid_query(PageQuery, request.query_params)
        self._limit: int = query["limit"]
        self._offset: int = query["offset"]
        self._cursor = Cursor.read(query["cursor"]) if "cursor" in query else None
        if self._cursor and self._offset:
            error = ErrorDetail("Give an offset or a cursor, not both.", code="invalid")
            raise ValidationError({"offset": [error]})
        self._path = request.path
        self._query: QueryDict = request.query_params
        self._count = self._counted(queryset) if getattr(view, "countable", True) else None
        return self._page(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "count": None if self._count is None else min(self._count, MOST_COUNTED),
                "count_capped": self._count is not None and self._count > MOST_COUNTED,
                "next": self._next,
                "previous": self._previous,
                "results": data,
            }
        )

    def get_schema_operation_parameters(self, view: APIView) -> list[Any]:
        return []

    def _counted(self, queryset: QuerySet[Any, Any]) -> int:
        """What is above the limit is not counted again for a while: it hardly ever shrinks."""
        rows = queryset.order_by().values("id")[: MOST_COUNTED + 1]
        key = f"many:{hashlib.sha256(str(rows.query).encode()).hexdigest()}"
        if cache.get(key):
            return MOST_COUNTED + 1
        number = rows.count()
        if number > MOST_COUNTED:
            cache.set(key, 1, MANY_SECONDS)
        return number

    def _page(self, queryset: QuerySet[Any, Any]) -> list[Any]:
        cursor, limit = self._cursor, self._limit
        place = PLACE if PLACE in queryset.query.annotations else "id"
        if cursor is not None and cursor.backwards:
            newer_rows = queryset.filter(**{f"{place}__gt": cursor.row_id})
            rows = list(newer_rows.order_by(place)[: limit + 1])
            page = rows[:limit][::-1]
            self._link(page, newer=len(rows) > limit, older=True)
            return page
        if cursor is not None:
            queryset = queryset.filter(**{f"{place}__lt": cursor.row_id})
        start = self._offset
        rows = list(queryset.order_by(f"-{place}")[start : start + limit + 1])
        newer = bool(start) or cursor is not None
        self._link(rows[:limit], newer=newer, older=len(rows) > limit)
        return rows[:limit]

    def _link(self, page: Sequence[dict[str, Any]], *, newer: bool, older: bool) -> None:
        self._next: str | None = None
        self._previous: str | None = None
        if page and older:
            self._next = self._url(Cursor(page[-1]["id"], backwards=False))
        if page and newer:
            self._previous = self._url(Cursor(page[0]["id"], backwards=True))

    def _url(self, cursor: Cursor) -> str:
        query = self._query.copy()
        query.pop("offset", None)
        query["cursor"] = cursor.text()
        return f"{self._path}?{query.urlencode()}"

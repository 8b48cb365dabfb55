"""Fields that take a JSON value of their own type only, and serializers that refuse the unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

if TYPE_CHECKING:
    from django.http import QueryDict

printable = RegexValidator(
    r"^[^\x00-\x1f\x7f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*\Z",
    "It may not hold control characters.",
    code="not_printable",
)


class TextField(serializers.CharField):
    """A JSON string, not a number that could be written as one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeField(serializers.IntegerField):
    """A JSON integer."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """`true` or `false`."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictSerializer(serializers.Serializer[Any]):
    """A request body: a field it does not declare is refused by name."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))[:20]
            if unknown:
                error = ErrorDetail("There is no such field.", code="unknown_field")
                raise ValidationError({name[:100]: [error] for name in unknown})
        values: dict[str, Any] = super().to_internal_value(data)
        return values


def valid(kind: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """The checked values of a body. Raises ValidationError."""
    serializer = kind(data=data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def valid_query(kind: type[serializers.Serializer[Any]], query: QueryDict) -> dict[str, Any]:
    """The checked values of the query parameters that `kind` declares. Raises ValidationError."""
    return valid(kind, {name: query[name] for name in names_of(kind) if name in query})


def names_of(*kinds: type[serializers.Serializer[Any]]) -> frozenset[str]:
    """The query parameters these serializers declare."""
    return frozenset(str(name) for kind in kinds for name in kind().fields)

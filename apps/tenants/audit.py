"""The trail of what was done: one entry per verb, written in the verb's own transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from apps.tenants.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model

    from apps.tenants.models import Tenant

SECRET_FIELDS = frozenset({"digest", "password", "secret", "token"})
_LONGEST_REQUEST_ID = 100


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: `user:ada`, `key:<public id>` or `system`, and from where."""

    name: str
    user_id: int | None = None
    key_public_id: str = ""
    address: str | None = None
    request_id: str = ""


SYSTEM = Actor("system")


def record(
    actor: Actor,
    action: str,
    obj: Model,
    *,
    tenant: Tenant | UUID | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Write one entry. Call it inside the transaction that does the thing."""
    AuditEntry.objects.create(
        actor=actor.name,
        user_id=actor.user_id,
        key_public_id=actor.key_public_id,
        tenant_id=tenant if isinstance(tenant, UUID) or tenant is None else tenant.pk,
        action=action,
        object_type=obj._meta.model_name or "",
        object_id=str(obj.pk),
        before=_storable(before),
        after=_storable(after),
        address=actor.address,
        request_id=actor.request_id[:_LONGEST_REQUEST_ID],
    )


def _storable(values: Mapping[str, object] | None) -> dict[str, Any] | None:
    """Plain JSON values, without the fields that hold secrets."""
    if values is None:
        return None
    kept = {name: value for name, value in values.items() if name not in SECRET_FIELDS}
    plain: dict[str, Any] = json.loads(json.dumps(kept, cls=DjangoJSONEncoder))
    return plain

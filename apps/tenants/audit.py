"""The trail of what was done: one entry per verb, written in the verb's own transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.tenants import sql

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


_RECORD = """
WITH ROWS r(id uuid, at timestamptz, actor text, user_id int, key_public_id text, tenant_id uuid,
  action text, object_type text, object_id text, before text, after text, address text,
  request_id text)
INSERT INTO tenants_auditentry (id, at, actor, user_id, key_public_id, tenant_id, action,
  object_type, object_id, before, after, address, request_id)
SELECT id, at, actor, user_id, key_public_id, tenant_id, action, object_type, object_id,
  before::jsonb, after::jsonb, address::inet, request_id FROM r RETURNING 1
"""


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
    sql.batch(statement(actor, action, obj, tenant=tenant, before=before, after=after))


def statement(
    actor: Actor,
    action: str,
    obj: Model,
    *,
    tenant: Tenant | UUID | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> sql.Statement:
    """What `record` runs, for whoever has more to write in the same breath."""
    owner = tenant if isinstance(tenant, UUID) or tenant is None else tenant.pk
    entry = {
        "id": uuid7().hex,
        "at": sql.time_in(timezone.now()),
        "actor": actor.name,
        "user_id": actor.user_id,
        "key_public_id": actor.key_public_id,
        "tenant_id": sql.uuid_in(owner),
        "action": action,
        "object_type": obj._meta.model_name or "",
        "object_id": str(obj.pk),
        "before": _storable(before),
        "after": _storable(after),
        "address": actor.address,
        "request_id": actor.request_id[:_LONGEST_REQUEST_ID],
    }
    return _RECORD, [sql.rows([entry])]


def _storable(values: Mapping[str, object] | None) -> str | None:
    """As JSON, without the fields that hold secrets."""
    if values is None:
        return None
    kept = {name: value for name, value in values.items() if name not in SECRET_FIELDS}
    return json.dumps(kept, cls=DjangoJSONEncoder)

"""Credentials: `ym_<public id>_<secret>_<checksum>`, and `ymw_…` for realtime workers."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from apps.tenants import audit, sql
from apps.tenants.last_use import LAST_USE
from apps.tenants.models import ApiKey, Tenant, WorkerKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apps.tenants.audit import Actor

SCOPES = ("jobs:read", "jobs:write", "realtime:read", "realtime:write")
LIFETIME = timedelta(days=365)
LONGEST_LIFETIME = timedelta(days=3650)
ROTATION_OVERLAP = timedelta(hours=24)

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_TENANT_PREFIX = "ym"
_WORKER_PREFIX = "ymw"
_SHAPE = re.compile(r"(ymw?)_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})")
_NO_DIGEST = "0" * 64


# The text ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Credential:
    """A key's text that has the right shape and checksum."""

    public_id: str
    text: str

    @property
    def digest(self) -> str:
        """What is stored: an HMAC of the whole text under the pepper, in hex."""
        pepper: str = settings.CONSOLE_KEY_PEPPER
        return hmac.new(pepper.encode(), self.text.encode(), hashlib.sha256).hexdigest()


def _base62(number: int, width: int) -> str:
    """The number in base62, `width` digits wide."""
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _mint(prefix: str) -> _Credential:
    public_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    stem = f"{prefix}_{public_id}_{_base62(secrets.randbits(256), 43)}"
    return _Credential(public_id, f"{stem}_{_checksum(stem)}")


def _checksum(stem: str) -> str:
    return _base62(zlib.crc32(stem.encode("ascii")), 6)


def _read(text: str, prefix: str) -> _Credential | None:
    """The credential in this text, or None for what cannot be one: no database is asked then."""
    match = _SHAPE.fullmatch(text)
    if match is None or match[1] != prefix or _checksum(text[:-7]) != match[4]:
        return None
    return _Credential(match[2], text)


def _proves(credential: _Credential, stored: str | None) -> bool:
    """Whether the credential is the stored one. An unknown id takes the same time."""
    return hmac.compare_digest(stored or _NO_DIGEST, credential.digest) and stored is not None


def _alive(key: ApiKey | WorkerKey) -> bool:
    return key.revoked_at is None and key.expires_at > timezone.now()


# A tenant's keys ---------------------------------------------------------------------------------


def issue(
    tenant: Tenant,
    *,
    name: str,
    scopes: Iterable[str],
    actor: Actor,
    expires_in: timedelta = LIFETIME,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is never shown again. Raises ValidationError."""
    key, text = _new_key(tenant, name, _checked_scopes(scopes), actor, expires_in)
    with transaction.atomic():
        key.save(force_insert=True)
        audit.record(actor, "issue", key, tenant=tenant, after=_shown(key))
    return key, text


def rotate(key: ApiKey, actor: Actor) -> tuple[ApiKey, str]:
    """A successor with the same scopes and lifetime. The old key works for another day."""
    if not _alive(key):
        raise ValidationError("This key is revoked or expired: issue a new one.", code="not_alive")
    lifetime = key.expires_at - key.created_at
    new, text = _new_key(key.tenant, key.name, key.scopes, actor, lifetime)
    new.rotated_from = key
    ends = min(key.expires_at, timezone.now() + ROTATION_OVERLAP)
    with transaction.atomic():
        new.save(force_insert=True)
        ApiKey.objects.filter(pk=key.pk, expires_at__gt=ends).update(expires_at=ends)
        audit.record(actor, "rotate", key, tenant=key.tenant, before=_shown(key), after=_shown(new))
    key.expires_at = ends
    return new, text


def revoke(key: ApiKey, actor: Actor) -> None:
    """End the key at once; again is no error and leaves no second entry."""
    now = timezone.now()
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            key.revoked_at = now
            audit.record(actor, "revoke", key, tenant=key.tenant, after=_shown(key))


def authenticate(text: str) -> ApiKey | None:
    """The live key of an active tenant that this text is, else None, whatever the reason."""
    credential = _read(text, _TENANT_PREFIX)
    if credential is None:
        return None
    key = _find(credential.public_id)
    if not _proves(credential, key.digest if key else None) or key is None:
        return None
    if not _alive(key) or not key.tenant.active:
        return None
    LAST_USE.note(key)
    return key


_KEY_FIELDS = tuple(field.attname for field in ApiKey._meta.concrete_fields)
_TENANT_FIELDS = tuple(field.attname for field in Tenant._meta.concrete_fields)
_FIND = f"""
SELECT {", ".join(f"k.{name}" for name in _KEY_FIELDS)},
  {", ".join(f"t.{name}" for name in _TENANT_FIELDS)}
FROM tenants_apikey k JOIN tenants_tenant t ON t.id = k.tenant_id WHERE k.public_id = %s
"""  # noqa: S608


def _find(public_id: str) -> ApiKey | None:
    """The key with its tenant: every request asks, so this is spared the way through the ORM."""
    for row in sql.run(_FIND, public_id):
        key = sql.model_of(ApiKey, _KEY_FIELDS, row)
        key.tenant = sql.model_of(Tenant, _TENANT_FIELDS, row[len(_KEY_FIELDS) :])
        return key
    return None


def _new_key(
    tenant: Tenant, name: str, scopes: Sequence[str], actor: Actor, expires_in: timedelta
) -> tuple[ApiKey, str]:
    credential = _mint(_TENANT_PREFIX)
    key = ApiKey(
        tenant=tenant,
        name=name.strip(),
        public_id=credential.public_id,
        digest=credential.digest,
        scopes=list(scopes),
        created_by_id=actor.user_id,
        expires_at=_end(expires_in),
    )
    key.full_clean(exclude=["tenant", "created_by", "scopes"], validate_unique=False)
    return key, credential.text


def _checked_scopes(scopes: Iterable[str]) -> list[str]:
    wanted = set(scopes)
    unknown = sorted(wanted.difference(SCOPES))
    if unknown or not wanted:
        found = f"unknown scope {', '.join(unknown)}" if unknown else "no scope given"
        raise ValidationError({"scopes": f"{found}; there are {', '.join(SCOPES)}."})
    return [scope for scope in SCOPES if scope in wanted]


def _end(expires_in: timedelta) -> datetime:
    if not timedelta(0) < expires_in <= LONGEST_LIFETIME:
        raise ValidationError({"expires_in": "A key lives from a moment up to ten years."})
    return timezone.now() + expires_in


def _shown(key: ApiKey) -> dict[str, object]:
    return {
        "public_id": key.public_id,
        "name": key.name,
        "scopes": key.scopes,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


# Realtime workers' keys --------------------------------------------------------------------------


def issue_worker(
    name_prefix: str,
    *,
    actor: Actor,
    capacity: int = 64,
    hosts: Sequence[str] = (),
    expires_in: timedelta = LIFETIME,
) -> tuple[WorkerKey, str]:
    """A credential for realtime workers whose name starts so. Raises ValidationError."""
    credential = _mint(_WORKER_PREFIX)
    key = WorkerKey(
        name_prefix=name_prefix,
        capacity=capacity,
        hosts=list(hosts),
        public_id=credential.public_id,
        digest=credential.digest,
        expires_at=_end(expires_in),
    )
    key.full_clean(validate_unique=False)
    with transaction.atomic():
        key.save(force_insert=True)
        audit.record(actor, "issue", key, after=_shown_worker(key))
    return key, credential.text


def rotate_worker(key: WorkerKey, actor: Actor) -> tuple[WorkerKey, str]:
    """A successor with the same bounds and lifetime. The old key works for another day."""
    if not _alive(key):
        raise ValidationError("This key is revoked or expired: issue a new one.", code="not_alive")
    ends = min(key.expires_at, timezone.now() + ROTATION_OVERLAP)
    with transaction.atomic():
        new, text = issue_worker(
            key.name_prefix,
            actor=actor,
            capacity=key.capacity,
            hosts=key.hosts,
            expires_in=key.expires_at - key.created_at,
        )
        WorkerKey.objects.filter(pk=key.pk, expires_at__gt=ends).update(expires_at=ends)
        audit.record(actor, "rotate", key, before=_shown_worker(key), after=_shown_worker(new))
    key.expires_at = ends
    return new, text


def revoke_worker(key: WorkerKey, actor: Actor) -> None:
    """End the key at once; again is no error and leaves no second entry."""
    now = timezone.now()
    with transaction.atomic():
        if WorkerKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            key.revoked_at = now
            audit.record(actor, "revoke", key, after=_shown_worker(key))


def authenticate_worker(text: str) -> WorkerKey | None:
    """The live worker key that this text is, else None, whatever the reason."""
    credential = _read(text, _WORKER_PREFIX)
    if credential is None:
        return None
    key = WorkerKey.objects.filter(public_id=credential.public_id).first()
    if not _proves(credential, key.digest if key else None) or key is None:
        return None
    return key if _alive(key) else None


def _shown_worker(key: WorkerKey) -> dict[str, object]:
    return {
        "public_id": key.public_id,
        "name_prefix": key.name_prefix,
        "capacity": key.capacity,
        "hosts": key.hosts,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }

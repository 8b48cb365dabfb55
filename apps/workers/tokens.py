"""Session tokens: EdDSA JWTs that a worker checks by itself, with keys from its heartbeat."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypedDict

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from apps.tenants.clock import database_now
from apps.workers import told

if TYPE_CHECKING:
    from apps.workers.models import Session

ISSUER = "yardmaster"
_PURPOSE = b"yardmaster session tokens"


class Jwk(TypedDict):
    """A public key, as RFC 8037 writes it."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str


@dataclass(frozen=True, slots=True)
class _Key:
    private: Ed25519PrivateKey
    public: Jwk


def token_of(session: Session) -> str:
    """A token for the session, good until it expires as its tenant is told. `aud` is its worker's
    id.
    """
    key = _key(settings.SECRET_KEY)
    now = database_now()
    began = session.renewed_at or session.created_at
    until = told.expiry(session.expires_at, began, session.ttl_seconds, now)
    claims = {
        "iss": ISSUER,
        "sub": str(session.pk),
        "aud": str(session.worker_id),
        "tenant": session.tenant.slug,
        "model": session.model,
        "iat": int(now.timestamp()),
        "exp": int(until.timestamp()),
    }
    return jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.public["kid"]})


def public_keys() -> list[Jwk]:
    """The key that signs now, and those of former secrets, whose tokens are still about."""
    return [_key(secret).public for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


@cache
def _key(secret: str) -> _Key:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    private = Ed25519PrivateKey.from_private_bytes(derive.derive(secret.encode()))
    x = _base64(private.public_key().public_bytes_raw())
    # RFC 7638: a hash over the required members, in the order of their names.
    members = orjson.dumps({"crv": "Ed25519", "kty": "OKP", "x": x})
    kid = _base64(hashlib.sha256(members).digest())
    return _Key(
        private, {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "alg": "EdDSA", "use": "sig"}
    )


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

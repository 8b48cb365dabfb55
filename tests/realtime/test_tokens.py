"""Session tokens: checked by whoever has the public keys, also after the secret has changed."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from django.conf import LazySettings

from apps.workers.models import Session
from apps.workers.tokens import public_keys, token_of
from tests.realtime.scene import Machine, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def session() -> Session:
    Machine()
    return take()


def read(token: str, **more: Any) -> dict[str, Any]:
    """As a worker reads it: with the key that the token names."""
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [key for key in public_keys() if key["kid"] == kid]
    found: dict[str, Any] = jwt.decode(token, jwt.PyJWK(dict(key)).key, ["EdDSA"], **more)
    return found


def test_a_token_says_whose_it_is_and_until_when(session: Session) -> None:
    claims = read(token_of(session), audience=str(session.worker_id))
    assert set(claims) == {"iss", "sub", "aud", "tenant", "model", "iat", "exp"}
    assert (claims["sub"], claims["exp"]) == (
        str(session.pk), int(session.expires_at.timestamp()),
    )  # fmt: skip


def test_another_worker_refuses_it(session: Session) -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        read(token_of(session), audience=str(session.pk))


def test_a_token_that_was_changed_is_refused(session: Session) -> None:
    head, body, seal = token_of(session).split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        read(f"{head}.{body}.{seal[:-4]}AAAA", audience=str(session.worker_id))


def test_tokens_of_the_former_secret_are_still_read(
    session: Session, settings: LazySettings
) -> None:
    token = token_of(session)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret of some length"
    assert len(public_keys()) == 2
    assert read(token, audience=str(session.worker_id))["sub"] == str(session.pk)
    assert jwt.get_unverified_header(token_of(session))["kid"] == public_keys()[0]["kid"]


def test_the_keys_are_public_and_named_by_their_thumbprint() -> None:
    (key,) = public_keys()
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    members = json.dumps({name: key[name] for name in ("crv", "kty", "x")}, separators=(",", ":"))
    digest = hashlib.sha256(members.encode()).digest()
    assert key["kid"] == urlsafe_b64encode(digest).decode().rstrip("=")

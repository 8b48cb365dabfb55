"""The token that a client brings: checked here, without asking the console (RFC 7519, RFC 8037)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt

ISSUER = "yardmaster"
REQUIRED = ["iss", "sub", "aud", "exp", "tenant", "model"]


class Refused(Exception):
    """The token is not good for this worker now; the text says why."""


@dataclass(frozen=True)
class Ticket:
    """What a good token says: whose session it is, of which model, until when (Unix seconds)."""

    session: str
    tenant: str
    model: str
    expires: float


def check(token: str, worker_id: str, keys: Iterable[dict[str, Any]]) -> Ticket:
    """The ticket of a token for this worker, signed by one of these JWKs. Raises Refused."""
    try:
        wanted = jwt.get_unverified_header(token).get("kid")
        found = [key for key in keys if key["kid"] == wanted]
        if not found:
            raise Refused("it was signed by a key that the console does not name")
        claims = jwt.decode(
            token,
            jwt.PyJWK(found[0]).key,
            algorithms=["EdDSA"],
            audience=worker_id,
            issuer=ISSUER,
            options={"require": REQUIRED},
        )
    except jwt.PyJWTError as error:
        raise Refused(str(error)) from error
    return Ticket(claims["sub"], claims["tenant"], claims["model"], float(claims["exp"]))

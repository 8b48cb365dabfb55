import base64
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yardmaster_worker.tokens import Refused, Ticket, check

MINE = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()


def jwk(kid: str = "k1") -> dict[str, Any]:
    x = base64.urlsafe_b64encode(MINE.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "alg": "EdDSA", "use": "sig"}


def token(key: Any = MINE, kid: str = "k1", algorithm: str = "EdDSA", **changes: Any) -> str:
    claims = {
        "iss": "yardmaster", "sub": "s1", "aud": "w1", "tenant": "acme", "model": "en",
        "exp": int(time.time()) + 60,
    }  # fmt: skip
    return jwt.encode(claims | changes, key, algorithm=algorithm, headers={"kid": kid})


def test_a_good_token_says_whose_session_it_is() -> None:
    ticket = check(token(), "w1", [jwk()])
    assert isinstance(ticket, Ticket)
    assert (ticket.session, ticket.tenant, ticket.model) == ("s1", "acme", "en")


@pytest.mark.parametrize(
    "bad",
    [
        token(aud="w2"),
        token(iss="somebody"),
        token(exp=int(time.time()) - 5),
        token(OTHER),
        token(kid="unknown"),
        token("a secret that is long enough for HS256", algorithm="HS256"),
        "no token",
        "",
    ],
)
def test_any_other_is_refused(bad: str) -> None:
    with pytest.raises(Refused):
        check(bad, "w1", [jwk()])

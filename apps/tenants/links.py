"""One-use login links: a token of Django's own kind that its first use spends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils import timezone

from apps.tenants.models import User

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class _LinkTokens(PasswordResetTokenGenerator):
    """Tokens that any later login, to the microsecond, makes worthless.

    Django's own cut `last_login` to the second: a link could be used twice within one.
    They live for `PASSWORD_RESET_TIMEOUT`.
    """

    key_salt = "apps.tenants.links"

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        seen = user.last_login.isoformat() if user.last_login else ""
        return f"{user.pk}.{user.password}.{seen}.{timestamp}"


_TOKENS = _LinkTokens()


def make(user: User) -> str:
    """A token that logs this user in once."""
    return f"{user.pk}-{_TOKENS.make_token(user)}"


def redeem(token: str) -> User | None:
    """The active staff user of an unspent token, which is spent now; else None.

    Of two that come at once, the conditional update lets one through.
    """
    number, _, rest = token.partition("-")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    user = User.objects.filter(pk=int(number), is_active=True, is_staff=True).first()
    if user is None or not _TOKENS.check_token(user, rest):
        return None
    unspent = User.objects.filter(pk=user.pk, last_login=user.last_login)
    return user if unspent.update(last_login=timezone.now()) else None

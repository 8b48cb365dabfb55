"""Who a request's writes are put down to."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import structlog
from django.conf import settings

from apps.tenants.audit import Actor

if TYPE_CHECKING:
    from django.http import HttpRequest

    from apps.tenants.models import ApiKey, User


def staff_actor(request: HttpRequest, user: User) -> Actor:
    """The staff user as the audit trail and the event log name them."""
    return Actor(
        f"user:{user.get_username()}",
        user_id=user.pk,
        address=client_address(request),
        request_id=request_id(),
    )


def key_actor(request: HttpRequest, key: ApiKey) -> Actor:
    """The key as the audit trail and the event log name it."""
    return Actor(
        f"key:{key.public_id}",
        key_public_id=key.public_id,
        address=client_address(request),
        request_id=request_id(),
    )


def client_address(request: HttpRequest) -> str | None:
    """The client's address, behind exactly as many proxies as the settings say."""
    address = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.CONSOLE_NUM_PROXIES
    if proxies:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        address = hops[-min(proxies, len(hops))].strip() or address
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return None


def request_id() -> str:
    """The id that django-structlog gave the request in hand; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))

"""PostgreSQL as the console connects to it: what is away is noticed long before a lease ends."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from console_project import environment as E

CONNECT_SECONDS = 5
POOL = {"min_size": 2, "max_size": 20, "timeout": 5, "reconnect_timeout": 2}
"""Who waits for a connection is told 503 after `timeout`. `reconnect_timeout` is short because the
pool doubles its pause between attempts: the next request begins anew instead.
"""

ON_REQUEST = 1_000_000_000
"""A connection that lives on has those statements prepared that ask for it, and no others."""


def postgresql(url: str, lease_seconds: int, *, pooled: bool) -> dict[str, Any]:
    """Django's settings for this address. What stands in its query wins over ours."""
    database: dict[str, Any] = E.env.db_url_config(url)
    if database["ENGINE"] != "django.db.backends.postgresql":
        message = "DATABASE_URL must be postgres://user:password@host:5432/name."
        raise ImproperlyConfigured(message)
    given = database.get("OPTIONS", {})
    session = f"{_session(lease_seconds)} {given.get('options', '')}".strip()
    options = {**_network(lease_seconds), **given, "options": session}
    if pooled:
        options["pool"] = dict(POOL)
        options.setdefault("prepare_threshold", ON_REQUEST)
    return {**database, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}


def _third(lease_seconds: int) -> int:
    return max(2, lease_seconds // 3)


def _network(lease_seconds: int) -> dict[str, int | str]:
    """Parameters of libpq. A dead link fails within a third of the lease, idle or busy; a standby
    that was not promoted counts as away.
    """
    third = _third(lease_seconds)
    idle = max(1, third // 2)
    return {
        "connect_timeout": min(CONNECT_SECONDS, third),
        # Told from those of operators: see `apps/tenants/frozen.py`.
        "application_name": "yardmaster",
        "target_session_attrs": "read-write",
        "keepalives": 1,
        "keepalives_idle": idle,
        "keepalives_interval": max(1, (third - idle) // 3),
        "keepalives_count": 3,
        "tcp_user_timeout": third * 1000,
    }


def _session(lease_seconds: int) -> str:
    """What the server does for us: locks of a client that is gone or frozen do not outlive it long.

    Its time-out for what was sent and not acknowledged is ours, so that it notices when we do.
    Who waits for a lock gives up soon after its holder should have been ended, and tries again: a
    worker renews its lease every third of it, and must not lose it waiting for somebody else.
    """
    third = _third(lease_seconds)
    frozen = max(1000, lease_seconds * 1000 // 3)
    settings = {
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": f"{frozen}ms",
        "lock_timeout": f"{lease_seconds * 400}ms",
        "tcp_keepalives_idle": third,
        "tcp_keepalives_interval": max(1, third // 3),
        "tcp_keepalives_count": 3,
        "tcp_user_timeout": f"{third}s",
        "client_connection_check_interval": f"{third}s",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())

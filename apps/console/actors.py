"""Who did something, as far as the reader may know."""

from __future__ import annotations

STAFF = "staff"


def shown_actor(actor: str, *, to_tenant: bool) -> str:
    """`user:ada`, `key:…` or `system`; a tenant learns no staff names."""
    return STAFF if to_tenant and actor.startswith("user:") else actor

"""Every route of the API says what it needs, so that none is open or dead by omission."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from apps.tenants.callers import ANY, STAFF, KeyAuthentication, ScopePermission, declared_scope
from apps.tenants.keys import SCOPES
from apps.tenants.scoping import TenantViewSet
from tests.tenants.probe import FileViewSet

# Two say nothing of any tenant, one has its own token, one is opened by the link's signature, one
# takes worker keys only.
OPEN = {
    "HealthView",
    "ReadinessView",
    "MetricsView",
    "SignedFileView",
    "WorkerBeatView",
    "SpectacularAPIView",
    "SpectacularSwaggerSplitView",
}


def routes(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry)
        else:
            yield entry


def actions() -> Iterator[tuple[type[APIView], str]]:
    """Each action of each route that is one of DRF's; a plain view's actions are its methods."""
    for route in routes(get_resolver("console_project.urls")):
        view: Any = route.callback
        kind = getattr(view, "cls", None)
        if kind is not None and kind.__name__ not in OPEN:
            methods = {name: name for name in kind.http_method_names if hasattr(kind, name)}
            for action in (getattr(view, "actions", None) or methods).values():
                yield kind, action


ACTIONS = sorted(set(actions()), key=lambda found: (found[0].__name__, found[1]))


@pytest.mark.parametrize(("view", "action"), ACTIONS)
def test_every_action_declares_what_it_needs(view: type[APIView], action: str) -> None:
    assert declared_scope(view, action) in {*SCOPES, ANY, STAFF}


@pytest.mark.parametrize("view", dict.fromkeys(view for view, _ in ACTIONS))
def test_every_view_is_a_tenants_before_all_else(view: type[APIView]) -> None:
    assert issubclass(view.__mro__[1], TenantViewSet)
    assert view.permission_classes == [ScopePermission]
    assert view.authentication_classes == [KeyAuthentication]


def test_an_action_that_declares_nothing_is_found() -> None:
    assert declared_scope(FileViewSet, "destroy") is None

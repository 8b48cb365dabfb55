"""Pausing engines and tenants."""

from __future__ import annotations

from typing import Any

import pytest

from apps.jobs.transitions import NotThere
from apps.tasks import bell, pauses
from apps.tasks.engines.registry import registry
from apps.tasks.models import EnginePause, WaitSpan
from apps.tenants.audit import Actor
from apps.tenants.models import AuditEntry, Tenant
from tests.factories import make_tenant

pytestmark = pytest.mark.django_db

ADA = Actor("user:ada")


def spans(**wanted: Any) -> list[tuple[str, bool]]:
    """The spans by reason, and whether each is over."""
    found = WaitSpan.objects.filter(**wanted).order_by("id")
    return [(span.reason, span.ended_at is not None) for span in found]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(bell, "ring", found.extend)
    monkeypatch.setattr(bell, "_OURS", bell.Bells())
    return found


def test_a_paused_engine_has_a_row_and_an_open_span() -> None:
    pauses.pause_engine("test.a", ADA)
    pause = EnginePause.objects.get()
    assert (pause.engine_id, pause.paused_by) == ("test.a", "user:ada")
    assert spans(engine_id="test.a", tenant_id=None) == [("engine_paused", False)]


def test_a_resumed_engine_has_none_and_is_rung(
    rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    pauses.pause_engine("test.a", ADA)
    with django_capture_on_commit_callbacks(execute=True):
        pauses.resume_engine("test.a", ADA)
    assert not EnginePause.objects.exists()
    assert spans(engine_id="test.a") == [("engine_paused", True)]
    assert rung == ["test.a"]


def test_a_second_pause_of_an_engine_changes_nothing() -> None:
    pauses.pause_engine("test.a", ADA)
    pauses.pause_engine("test.a", Actor("user:bob"))
    assert EnginePause.objects.get().paused_by == "user:ada"
    assert AuditEntry.objects.filter(action="pause").count() == 1


def test_resuming_an_engine_that_runs_changes_nothing() -> None:
    pauses.resume_engine("test.a", ADA)
    assert not AuditEntry.objects.filter(action="resume").exists()


def test_an_engine_is_paused_again_in_a_span_of_its_own() -> None:
    for verb in (pauses.pause_engine, pauses.resume_engine, pauses.pause_engine):
        verb("test.a", ADA)
    assert spans() == [("engine_paused", True), ("engine_paused", False)]


@pytest.mark.parametrize("verb", [pauses.pause_engine, pauses.resume_engine,
                                  pauses.pause_tenant, pauses.resume_tenant])  # fmt: skip
def test_what_is_not_there_is_neither_paused_nor_resumed(verb: Any) -> None:
    with pytest.raises(NotThere):
        verb("nothing", ADA)


def test_a_paused_tenant_says_since_when_and_by_whom() -> None:
    make_tenant("acme")
    pauses.pause_tenant("acme", ADA)
    acme = Tenant.objects.get(slug="acme")
    assert acme.paused_at is not None
    assert acme.paused_by == "user:ada"
    assert spans(engine_id="", tenant_id=acme.pk) == [("tenant_paused", False)]


def test_a_resumed_tenant_is_as_before_and_all_engines_are_rung(
    rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    acme = make_tenant("acme")
    pauses.pause_tenant("acme", ADA)
    with django_capture_on_commit_callbacks(execute=True):
        pauses.resume_tenant("acme", ADA)
    acme.refresh_from_db()
    assert (acme.paused_at, acme.paused_by) == (None, "")
    assert spans(tenant_id=acme.pk) == [("tenant_paused", True)]
    assert rung == sorted(registry().engines)


def test_a_second_pause_of_a_tenant_changes_nothing() -> None:
    make_tenant("acme")
    pauses.pause_tenant("acme", ADA)
    pauses.pause_tenant("acme", Actor("user:bob"))
    assert Tenant.objects.get(slug="acme").paused_by == "user:ada"
    assert AuditEntry.objects.filter(action="pause").count() == 1


@pytest.mark.parametrize(("pause", "resume", "name", "kind"), [
    (pauses.pause_engine, pauses.resume_engine, "test.a", "enginepause"),
    (pauses.pause_tenant, pauses.resume_tenant, "acme", "tenant"),
])  # fmt: skip
def test_both_are_recorded(pause: Any, resume: Any, name: str, kind: str) -> None:
    make_tenant("acme")
    pause(name, ADA)
    resume(name, ADA)
    entries = AuditEntry.objects.filter(object_type=kind).order_by("id")
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("pause", "user:ada"),
        ("resume", "user:ada"),
    ]

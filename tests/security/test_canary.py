"""A word written into every text of globex is looked for in all that acme is answered."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.db.models import CharField, Field, JSONField, QuerySet, TextField
from django.utils import timezone

from apps.jobs.search import JobEngine
from apps.tasks.history import Pruned, UsageDay, UsageHour
from apps.tasks.models import Task, TaskLog
from apps.tenants.models import ApiKey, AuditEntry, Tenant
from apps.tenants.owned import TenantQuerySet
from apps.tenants.scoping import TenantViewSet
from apps.workers.models import Node, Worker
from tests.factories import make_staff, staff_client
from tests.security.readings import questions, readings, values_aimed_at
from tests.security.routes import OPEN, OWNED
from tests.security.world import JSON, Party, owned_models
from tests.tasks.jobs import make_worker

CANARY = "kanari7q"
UNIQUE_TOGETHER = (JobEngine, UsageHour, UsageDay, Pruned)


def sung(field: Field[Any, Any], number: int) -> Any:
    """The canary in the form of this field; None for one that holds no free text."""
    if field.choices or field.primary_key or field.is_relation:
        return None
    if isinstance(field, JSONField):
        return {CANARY: [CANARY, {CANARY: CANARY}]}
    if isinstance(field, (CharField, TextField)):
        alone = field.unique or field.name == "key" or field.model in UNIQUE_TOGETHER
        return f"{CANARY}{number}" if alone else CANARY
    return None


def fill(rows: QuerySet[Any]) -> None:
    """Write the canary into every text and JSON column of these rows."""
    for number, row in enumerate(rows.order_by("pk")):
        fields = {field.name: sung(field, number) for field in row._meta.concrete_fields}
        texts = {name: value for name, value in fields.items() if value is not None}
        type(row)._base_manager.filter(pk=row.pk).update(**texts)


def fill_all(party: Party) -> None:
    """Everything there is of the tenant, and the machine that works for it."""
    tenant = Tenant.objects.filter(pk=party.tenant.pk)
    lines = [(1, "2026-01-01T00:00:00.000000Z", "error", CANARY)]
    chunks: Any = TenantQuerySet(TaskLog).of(party.tenant)
    chunks.update(body=zlib.compress(orjson.dumps(lines)))
    Task.objects.of(party.tenant).update(worker=own_worker())
    for model in owned_models():
        fill(TenantQuerySet(model).of(party.tenant))
    for kept in (ApiKey, AuditEntry):
        fill(kept._base_manager.filter(tenant=party.tenant))
    tenant.update(name=CANARY, slug=CANARY)
    party.tenant.refresh_from_db()


def own_worker() -> Worker:
    worker = make_worker("for-globex")
    node = Node.objects.create(name=CANARY, first_seen_at=timezone.now())
    texts = {"name": CANARY, "endpoint": CANARY, "engines": {CANARY: {}}, "model_names": [CANARY]}
    Worker.objects.filter(pk=worker.pk).update(node=node, **texts)
    return worker


def songs(own: Party, other: Party) -> Iterator[str]:
    """Which of our questions are answered with the other's canary, or the id of a row of its."""
    named = {ids[name] for ids in other.ids.values() for name in ids.keys() & OWNED}
    words = [CANARY.encode(), *(text.encode() for text in named)]
    answers = readings(own, questions(values_aimed_at(other, CANARY)))
    for question, (_, whole, headers) in answers.items():
        answer = whole.lower() + str(headers).lower().encode()
        if any(word in answer for word in words):
            yield question


def unfilled(party: Party) -> Iterator[str]:
    """Text columns of the tenant's rows that a canary could sit in and does not."""
    for model in owned_models():
        for row in TenantQuerySet(model).of(party.tenant).values():
            for field in model._meta.concrete_fields:
                text = str(row[field.attname])
                if sung(field, 0) is not None and CANARY not in text:
                    yield f"{model.__name__}.{field.name}: {text}"


def test_every_text_of_the_tenant_is_filled(acme: Party, globex: Party) -> None:
    fill_all(globex)
    assert list(unfilled(globex)) == []
    empty = [model for model in owned_models() if not TenantQuerySet(model).of(globex.tenant)]
    assert {model.__name__ for model in empty} == set()


def test_no_answer_holds_what_is_the_others(acme: Party, globex: Party) -> None:
    fill_all(globex)
    assert list(songs(acme, globex)) == []


@pytest.mark.parametrize("path", sorted(OPEN))
def test_what_is_open_holds_nothing_of_a_tenant(path: str, acme: Party, globex: Party) -> None:
    fill_all(globex)
    Worker.objects.filter(kind="batch").delete()
    url = "/" + path.removeprefix("GET ").replace("<str:token>", globex.ids["file"]["file_id"])
    answer = acme.client.get(url)
    assert answer.status_code in {200, 404, 503}
    assert CANARY.encode() not in b"".join(answer)


def test_without_scoping_the_canary_is_heard(
    acme: Party, globex: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    def everything(_: TenantViewSet, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows

    fill_all(globex)
    monkeypatch.setattr(TenantViewSet, "scoped", everything)
    heard = {question.split()[1] for question in songs(acme, globex)}
    assert heard >= {"jobs", "pipelines"}


def test_no_tenant_learns_the_name_of_staff(acme: Party, globex: Party) -> None:
    staff = staff_client(make_staff(CANARY))
    on_active, on_ended = ("raise", "cancel"), ("retry", "clone")
    verbs = [*(("active", verb) for verb in on_active), *(("ended", verb) for verb in on_ended)]
    for kind, verb in verbs:
        url = f"/api/console/jobs/{acme.ids[kind]['job_id']}/{verb}"
        assert staff.post(url, {}, content_type=JSON).status_code < 300
    assert AuditEntry.objects.filter(actor=f"user:{CANARY}").count() == 4
    assert list(songs(acme, globex)) == []

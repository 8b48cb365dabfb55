"""Every route by method and actor: who gets what, and what a stranger's object looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from apps.tenants import keys
from apps.tenants.audit import SYSTEM
from apps.tenants.models import ApiKey, Tenant, User
from apps.tenants.scoping import TenantViewSet
from tests.factories import PASSWORD, issue_key, key_client, make_key, make_tenant, staff_client
from tests.security.routes import ANY, ROUTES, STAFF, Row, resolved, unlisted
from tests.security.world import JSON, Party, ask, faults, leaks, seen

OBJECTS = [row for row in ROUTES if row.names]
OPEN_TO_KEYS = [row for row in OBJECTS if row.needs != STAFF]
WRITES = [row for row in ROUTES if row.method != "GET"]
OTHERS = ("put", "patch", "delete", "options", "trace")
NOTHING = "00000000-0000-7000-8000-000000000000"


def unlike(
    rows: Iterable[Row], send: Callable[[Row], Any], wanted: Callable[[Row], int]
) -> Iterator[str]:
    """Where an answer has another status or a wrong form. What a row did is undone after it."""
    for row in rows:
        with transaction.atomic():
            answer = send(row)
            if answer.status_code != wanted(row) or faults(answer):
                yield f"{row}: {answer.status_code} for {wanted(row)}, {faults(answer)}"
            transaction.set_rollback(True)


def refused_at(answer: Any) -> list[str]:
    return [error["attr"] for error in answer.json()["errors"]]


def test_every_route_stands_in_the_table() -> None:
    assert unlisted(set(resolved()), ROUTES) == set()


def test_a_route_that_stands_in_no_table_is_found() -> None:
    planted = "POST api/console/jobs/<str:job_id>/steal"
    assert unlisted({*resolved(), planted}, ROUTES) == {planted}


def test_a_row_whose_route_is_gone_is_found() -> None:
    planted = Row("GET", "gone", ANY)
    assert unlisted(set(resolved()), [*ROUTES, planted]) == {"GET api/console/gone"}


# Nobody ------------------------------------------------------------------------------------------


def with_key(text: str) -> Client:
    return Client(headers={"Authorization": f"Token {text}"})


@pytest.fixture
def nobodies(acme: Party) -> dict[str, Client]:
    """Everybody whom no credential lets in."""
    expired, expired_text = issue_key(acme.tenant)
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    revoked, revoked_text = issue_key(acme.tenant)
    keys.revoke(revoked, SYSTEM)
    gone = make_key(make_tenant("initech"))
    Tenant.objects.filter(slug="initech").update(active=False)
    worker = keys.issue_worker("gpu-", actor=SYSTEM)[1]
    bad = make_key(acme.tenant).swapcase()
    texts = {"expired": expired_text, "revoked": revoked_text, "inactive": gone}
    clients = {name: with_key(text) for name, text in {**texts, "bad": bad}.items()}
    passer_by = Client()
    passer_by.force_login(User.objects.create_user("bob", password=PASSWORD))
    return {**clients, "worker": with_key(worker), "not staff": passer_by, "anonymous": Client()}


def test_whoever_has_no_live_credential_gets_a_401(
    acme: Party, nobodies: dict[str, Client]
) -> None:
    for name, client in nobodies.items():
        found = unlike(ROUTES, lambda row: ask(client, row, acme.ids[row.on]), lambda _: 401)  # noqa: B023
        assert (name, list(found)) == (name, [])


def test_no_401_tells_why(acme: Party, nobodies: dict[str, Client]) -> None:
    sessions = [nobodies.pop("not staff"), nobodies.pop("anonymous")]
    for row in ROUTES:
        looks = [seen(ask(client, row, acme.ids[row.on])) for client in nobodies.values()]
        assert (str(row), looks) == (str(row), looks[:1] * len(nobodies))
        bodies = {ask(client, row, acme.ids[row.on]).whole for client in sessions}
        assert bodies == {looks[0][1]}


# Keys --------------------------------------------------------------------------------------------


def test_a_key_without_the_scope_gets_a_403(acme: Party) -> None:
    def send(row: Row) -> Any:
        others = set(keys.SCOPES) - {row.needs}
        return ask(key_client(acme.tenant, *others), row, acme.ids[row.on])

    assert list(unlike(ROUTES, send, lambda row: row.status if row.needs == ANY else 403)) == []


def test_the_owner_gets_in_with_just_the_scope(acme: Party) -> None:
    def send(row: Row) -> Any:
        scopes = (row.needs,) if row.needs in keys.SCOPES else keys.SCOPES
        return ask(key_client(acme.tenant, *scopes), row, acme.ids[row.on])

    assert list(unlike(ROUTES, send, lambda row: 403 if row.needs == STAFF else row.status)) == []


def test_a_keys_tenant_in_the_query_is_ignored(acme: Party, globex: Party) -> None:
    for row in ROUTES:
        with transaction.atomic():
            answer = ask(acme.client, row, acme.ids[row.on], "tenant=globex")
            wanted = 403 if row.needs == STAFF else row.status
            assert (str(row), answer.status_code) == (str(row), wanted)
            assert b"globex" not in seen(answer)[1]
            transaction.set_rollback(True)


def test_the_others_object_is_the_same_404_as_a_missing_one(acme: Party, globex: Party) -> None:
    found = [leak for row in OPEN_TO_KEYS for leak in leaks(row, acme.client, acme, globex)]
    assert found == []


def test_without_scoping_every_route_to_an_object_leaks(
    acme: Party, globex: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    def everything(_: TenantViewSet, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows

    monkeypatch.setattr(TenantViewSet, "scoped", everything)
    for row in OPEN_TO_KEYS:
        with transaction.atomic():
            assert (str(row), list(leaks(row, acme.client, acme, globex))) != (str(row), [])
            transaction.set_rollback(True)


# Staff -------------------------------------------------------------------------------------------


def test_staff_reach_all_tenants_but_name_one_to_create(acme: Party) -> None:
    staff = staff_client()
    found = unlike(
        ROUTES,
        lambda row: ask(staff, row, acme.ids[row.on]),
        lambda row: 400 if row.creates else row.status,
    )
    assert list(found) == []
    for row in ROUTES:
        if row.creates:
            assert refused_at(ask(staff, row, {})) == ["tenant"]


def test_staff_may_do_for_a_tenant_what_it_may_do(acme: Party) -> None:
    staff = staff_client()
    found = unlike(
        ROUTES,
        lambda row: ask(staff, row, acme.ids[row.on], "tenant=acme"),
        lambda row: row.status,
    )
    assert list(found) == []


def test_staff_who_chose_a_tenant_do_not_reach_another(acme: Party, globex: Party) -> None:
    staff = staff_client()
    for row in OBJECTS:
        nothing = dict.fromkeys(row.names, NOTHING)
        there = ask(staff, row, acme.ids[row.on], "tenant=globex")
        missing = ask(staff, row, acme.ids[row.on] | nothing, "tenant=globex")
        assert (str(row), there.status_code) == (str(row), 404)
        assert (str(row), seen(there)) == (str(row), seen(missing))


def test_an_unknown_tenant_is_no_tenant(acme: Party) -> None:
    staff = staff_client()
    for row in ROUTES:
        answer = ask(staff, row, acme.ids[row.on], "tenant=nobody")
        assert (str(row), answer.status_code, faults(answer)) == (str(row), 400, [])
        assert refused_at(answer) == ["tenant"]


def test_a_session_writes_with_the_csrf_token_only(acme: Party) -> None:
    client = staff_client(enforce_csrf_checks=True)
    found = unlike(
        WRITES, lambda row: ask(client, row, acme.ids[row.on], "tenant=acme"), lambda _: 403
    )
    assert list(found) == []


# Other methods -----------------------------------------------------------------------------------


def test_a_method_that_is_not_routed_is_the_same_405_for_every_object(
    acme: Party, globex: Party
) -> None:
    for row in ROUTES:
        routed = {other.method.lower() for other in ROUTES if other.path == row.path}
        for method in set(OTHERS) - routed:
            own, foreign = (
                acme.client.generic(method, row.url(ids[row.on]), b"{}", content_type=JSON)
                for ids in (acme.ids, globex.ids)
            )
            assert (method, str(row), own.status_code) == (method, str(row), 405)
            assert own.content == foreign.content

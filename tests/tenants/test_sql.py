"""Statements that travel together: what each brings back, and when a transaction ends."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from apps.tenants import sql
from apps.tenants.models import Tenant
from tests.factories import make_tenant

RENAME = "UPDATE tenants_tenant SET name = %s WHERE slug = %s RETURNING id, weight, active"


@pytest.mark.django_db
def test_each_of_several_brings_its_own_rows() -> None:
    tenants = [make_tenant("acme"), make_tenant("globex")]
    found = sql.batch((RENAME, ["A", "acme"]), (RENAME, ["N", "nobody"]), (RENAME, ["G", "globex"]))
    seen = [[(sql.uuid_of(row[0]), row[1], bool(row[2])) for row in rows] for rows in found]
    assert seen == [[(tenants[0].pk, 1, True)], [], [(tenants[1].pk, 1, True)]]


@pytest.mark.django_db(transaction=True)
def test_the_last_statements_are_kept_and_what_hangs_on_the_commit_is_called() -> None:
    make_tenant("acme")
    called: list[str] = []
    with transaction.atomic():
        transaction.on_commit(lambda: called.append("kept"))
        sql.together((RENAME, ["New", "acme"]), last=True)
    connection.close()
    assert (Tenant.objects.get().name, called) == ("New", ["kept"])


@pytest.mark.django_db(transaction=True)
def test_the_last_statements_within_a_larger_transaction_do_not_end_it() -> None:
    old = make_tenant("acme").name
    with transaction.atomic():
        with transaction.atomic():
            sql.together((RENAME, ["New", "acme"]), last=True)
        transaction.set_rollback(True)
    assert Tenant.objects.get().name == old


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_begins_with_them_is_undone_as_a_whole() -> None:
    old = make_tenant("acme").name
    with transaction.atomic():
        sql.run(RENAME, "New", "acme")
        Tenant.objects.create(slug="globex", name="Globex")
        transaction.set_rollback(True)
    assert [tenant.name for tenant in Tenant.objects.all()] == [old]


@pytest.mark.django_db(transaction=True)
def test_after_a_statement_that_fails_the_connection_goes_on() -> None:
    make_tenant("acme")
    with pytest.raises(DatabaseError), transaction.atomic():
        sql.batch((RENAME, ["New", "acme"]), ("SELECT nothing FROM nowhere", []))
    sql.run(RENAME, "Newer", "acme")
    connection.close()
    assert Tenant.objects.get().name == "Newer"

"""What is said where code and database are of different ages."""

from __future__ import annotations

import pytest

from apps.console import schema

pytestmark = pytest.mark.django_db


def test_code_and_database_of_one_age_may_work() -> None:
    schema.refuse_newer(schema.applied_here())
    schema.refuse_missing(schema.applied_here())


def test_a_migration_that_is_unknown_here_is_named() -> None:
    newer = {*schema.applied_here(), ("jobs", "0998_a"), ("jobs", "0999_b")}
    with pytest.raises(schema.OtherSchema, match=r"migration jobs\.0998_a and 1 more"):
        schema.refuse_newer(newer)


def test_a_migration_that_did_not_run_is_named_with_the_remedy() -> None:
    older = {*schema.applied_here()} - {("tenants", "0001_initial")}
    with pytest.raises(schema.OtherSchema, match=r"tenants\.0001_initial is missing.*migrate"):
        schema.refuse_missing(older)


def test_what_another_package_left_in_the_database_is_nobodys_business() -> None:
    schema.refuse_newer({*schema.applied_here(), ("aside", "0001_initial")})


def test_a_new_database_is_not_newer() -> None:
    schema.refuse_newer(set())

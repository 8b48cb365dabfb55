"""Keys: what they look like, who they open the door to, and when they stop."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.tenants import keys
from apps.tenants.audit import SYSTEM
from apps.tenants.models import ApiKey, AuditEntry
from tests.factories import issue_key, make_key, make_tenant

pytestmark = pytest.mark.django_db


def test_a_key_has_the_agreed_form() -> None:
    assert re.fullmatch(r"ym_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", make_key())


def test_a_key_is_known_by_its_text() -> None:
    key, text = issue_key()
    assert keys.authenticate(text) == key


def test_the_secret_is_stored_nowhere() -> None:
    key, text = issue_key()
    secret = text.split("_")[2]
    stored = [str(ApiKey.objects.filter(pk=key.pk).values()[0]), str(AuditEntry.objects.values())]
    assert not any(secret in row or key.digest in row for row in stored[1:])
    assert secret not in stored[0]


def test_a_wrong_checksum_is_refused_without_a_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    text = make_key()
    with django_assert_num_queries(0):
        assert keys.authenticate(text[:-1] + ("a" if text[-1] != "a" else "b")) is None


def test_another_secret_with_its_own_checksum_is_refused() -> None:
    key, _ = issue_key()
    other = keys._mint("ym").text.split("_")
    stem = f"ym_{key.public_id}_{other[2]}"
    assert keys.authenticate(f"{stem}_{keys._checksum(stem)}") is None


def test_an_unknown_id_costs_the_same_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def compare(stored: str, digest: str) -> bool:
        compared.append(digest)
        return stored == digest

    monkeypatch.setattr("apps.tenants.keys.hmac.compare_digest", compare)
    assert keys.authenticate(keys._mint("ym").text) is None
    assert len(compared) == 1
    assert len(compared[0]) == 64


def test_a_revoked_key_is_dead() -> None:
    key, text = issue_key()
    keys.revoke(key, SYSTEM)
    assert keys.authenticate(text) is None


def test_revoking_twice_is_recorded_once() -> None:
    key, _ = issue_key()
    keys.revoke(key, SYSTEM)
    keys.revoke(key, SYSTEM)
    assert AuditEntry.objects.filter(action="revoke", object_id=str(key.pk)).count() == 1


def test_an_expired_key_is_dead() -> None:
    key, text = issue_key()
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    assert keys.authenticate(text) is None


def test_a_key_of_an_inactive_tenant_is_dead() -> None:
    tenant = make_tenant()
    text = make_key(tenant)
    tenant.active = False
    tenant.save(update_fields=["active"])
    assert keys.authenticate(text) is None


def test_another_pepper_makes_every_key_worthless() -> None:
    text = make_key()
    with override_settings(CONSOLE_KEY_PEPPER="another"):
        assert keys.authenticate(text) is None


def test_rotation_keeps_both_keys_for_a_day() -> None:
    key, text = issue_key(None, "jobs:read")
    new, new_text = keys.rotate(key, SYSTEM)
    key.refresh_from_db()
    assert timedelta(hours=23) < key.expires_at - timezone.now() <= timedelta(hours=24)
    assert (keys.authenticate(text), keys.authenticate(new_text)) == (key, new)
    assert (new.rotated_from, new.scopes) == (key, ["jobs:read"])


def test_rotation_never_prolongs_the_old_key() -> None:
    key, _ = issue_key(expires_in=timedelta(hours=1))
    ends = key.expires_at
    keys.rotate(key, SYSTEM)
    key.refresh_from_db()
    assert key.expires_at == ends


def test_a_dead_key_cannot_be_rotated() -> None:
    key, _ = issue_key()
    keys.revoke(key, SYSTEM)
    with pytest.raises(ValidationError, match="revoked or expired"):
        keys.rotate(key, SYSTEM)


@pytest.mark.parametrize("scopes", [[], ["jobs:read", "jobs:everything"]])
def test_unknown_scopes_or_none_are_refused(scopes: list[str]) -> None:
    with pytest.raises(ValidationError, match="scope"):
        keys.issue(make_tenant(), name="key", scopes=scopes, actor=SYSTEM)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=3651)])
def test_a_lifetime_out_of_bounds_is_refused(lifetime: timedelta) -> None:
    with pytest.raises(ValidationError, match="ten years"):
        issue_key(expires_in=lifetime)


def test_each_verb_leaves_an_entry_of_the_tenant() -> None:
    key, _ = issue_key()
    keys.rotate(key, SYSTEM)
    keys.revoke(key, SYSTEM)
    entries = AuditEntry.objects.filter(tenant=key.tenant).order_by("id")
    assert [entry.action for entry in entries] == ["issue", "rotate", "revoke"]


def test_a_worker_key_opens_nothing_for_a_tenant() -> None:
    key, text = keys.issue_worker("gpu-a-", actor=SYSTEM)
    assert keys.authenticate_worker(text) == key
    assert keys.authenticate(text) is None
    assert keys.authenticate_worker(make_key()) is None


def test_a_worker_key_can_be_rotated_and_revoked() -> None:
    key, text = keys.issue_worker("gpu-a-", actor=SYSTEM, capacity=8, hosts=["a.example"])
    new, new_text = keys.rotate_worker(key, SYSTEM)
    keys.revoke_worker(key, SYSTEM)
    assert keys.authenticate_worker(text) is None
    assert keys.authenticate_worker(new_text) == new
    assert (new.capacity, new.hosts) == (8, ["a.example"])


def test_a_worker_prefix_ends_in_a_hyphen() -> None:
    with pytest.raises(ValidationError, match="hyphen"):
        keys.issue_worker("gpu", actor=SYSTEM)


def test_a_worker_key_with_another_secret_or_no_row_is_refused() -> None:
    key, _ = keys.issue_worker("gpu-a-", actor=SYSTEM)
    stem = f"ymw_{key.public_id}_{keys._mint('ymw').text.split('_')[2]}"
    assert keys.authenticate_worker(f"{stem}_{keys._checksum(stem)}") is None
    assert keys.authenticate_worker(keys._mint("ymw").text) is None


def test_a_revoked_worker_key_is_not_rotated() -> None:
    key, _ = keys.issue_worker("gpu-a-", actor=SYSTEM)
    keys.revoke_worker(key, SYSTEM)
    keys.revoke_worker(key, SYSTEM)
    with pytest.raises(ValidationError, match="revoked or expired"):
        keys.rotate_worker(key, SYSTEM)

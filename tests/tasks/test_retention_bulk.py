"""Bulk actions that ended long ago go with their items; what is under way stays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from apps.jobs.models import BulkAction, BulkItem
from apps.jobs.status import BulkVerb
from apps.tasks import bulk, prune, retention
from apps.tenants.audit import SYSTEM
from apps.tenants.models import AuditEntry, Tenant
from tests.factories import make_tenant
from tests.tasks.jobs import missing
from tests.tasks.retained import NEW, OLD, ago

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _kept_for_five_days(settings: Any) -> None:
    settings.CONSOLE_KEEP_JOBS_DAYS = 5


def start(tenant: Tenant | None, jobs: int = 2) -> BulkAction:
    return bulk.start(tenant, BulkVerb.DELETE, [missing() for _ in range(jobs)], SYSTEM)


def ended(days: float, tenant: Tenant | None, jobs: int = 2) -> BulkAction:
    action = start(tenant, jobs)
    bulk.work_off(60)
    BulkAction.objects.filter(id=action.id).update(created_at=ago(days), completed_at=ago(days))
    return action


def there() -> set[UUID]:
    return set(BulkAction.objects.values_list("id", flat=True))


def test_an_old_one_goes_with_its_items_and_a_newer_one_stays() -> None:
    ended(OLD, make_tenant())
    new = ended(NEW, make_tenant())
    prune.prune()
    assert there() == set(BulkItem.objects.values_list("bulk_id", flat=True)) == {new.id}
    assert AuditEntry.objects.get(action="expire").after == {"bulk_actions": 1}


def test_one_that_has_not_ended_stays_however_old() -> None:
    action = start(make_tenant())
    BulkAction.objects.update(created_at=ago(1000))
    prune.prune()
    assert (there(), BulkItem.objects.count()) == ({action.id}, 2)
    assert not bulk.work_off(60)


def test_it_is_kept_as_long_as_its_tenant_wants() -> None:
    Tenant.objects.filter(id=make_tenant("globex").id).update(retention_days=100)
    ended(OLD, make_tenant("acme"))
    theirs = ended(OLD, make_tenant("globex"))
    prune.prune()
    assert there() == {theirs.id}


@pytest.mark.parametrize(("days", "kept"), [(5, 0), (0, 1)])
def test_one_of_staff_for_all_tenants_is_kept_as_the_settings_say(
    settings: Any, days: int, kept: int
) -> None:
    settings.CONSOLE_KEEP_JOBS_DAYS = days
    Tenant.objects.filter(id=make_tenant("acme").id).update(retention_days=1)
    ended(OLD, None)
    prune.prune()
    assert BulkAction.objects.count() == kept


def test_a_large_one_goes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 3)
    ended(OLD, make_tenant(), jobs=10)
    seen: list[int] = []
    delete_some = retention._delete_some

    def noted(rows: Any) -> int:
        number = delete_some(rows)
        seen.append(number)
        return number

    monkeypatch.setattr(retention, "_delete_some", noted)
    prune.prune()
    assert [number for number in seen if number] == [3, 3, 3, 1]
    assert not BulkAction.objects.exists()


def test_one_for_which_no_time_is_left_stays_until_the_next_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "ROWS", 3)
    action = ended(OLD, make_tenant(), jobs=10)
    turns = iter([True] * 3)
    retention._bulks(BulkAction.objects.all(), ago(NEW), lambda: next(turns, False))
    assert (there(), BulkItem.objects.count()) == ({action.id}, 4)
    prune.prune()
    assert not BulkAction.objects.exists()

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from apps.tenants.models import Tenant
from tests.factories import make_tenant

FOLDER = "django.core.files.storage.FileSystemStorage"


@pytest.fixture
def _storage_of_its_own(tmp_path: Path, settings: Settings) -> None:
    folder = {"BACKEND": FOLDER, "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "default": folder}


@pytest.fixture
def acme(db: None) -> Tenant:
    return make_tenant("acme")

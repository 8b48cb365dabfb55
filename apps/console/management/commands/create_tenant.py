"""`manage.py create_tenant SLUG [--name]`: a team that shares the machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from apps.console.checks import TAG
from apps.console.management.arguments import refusal, require_tables
from apps.tenants import audit
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Makes a tenant."
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="its name in URLs: lower-case letters, digits, hyphens")
        parser.add_argument("--name", help="its name for people; the slug when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        slug: str = options["slug"]
        tenant = Tenant(slug=slug, name=options["name"] or slug)
        try:
            tenant.full_clean(validate_unique=False)
            with transaction.atomic():
                tenant.save(force_insert=True)
                audit.record(audit.SYSTEM, "create", tenant, tenant=tenant, after={"slug": slug})
        except ValidationError as error:
            raise refusal(error, {"name": "--name"}) from error
        except IntegrityError as error:
            raise CommandError(f"slug: there is a tenant {slug!r} already.") from error
        self.stdout.write(f"Tenant {slug} is there. A key for it: manage.py issue_key {slug} …")

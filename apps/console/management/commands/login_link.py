"""`manage.py login_link [USERNAME]`: a one-use link into the page; what `make login` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.console.checks import TAG
from apps.console.management.arguments import require_tables
from apps.tenants import links
from apps.tenants.models import User

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Prints a link that logs a staff user in once, within 15 minutes."
    requires_system_checks = (TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", help="the first admin when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        self.stdout.write(link_for(_user_called(options["username"])))


def link_for(user: User) -> str:
    """The whole address of a new login link."""
    origin = settings.CONSOLE_URL or f"http://127.0.0.1:{settings.CONSOLE_PORT}"
    return f"{origin}/console/link/{links.make(user)}"


def _user_called(name: str | None) -> User:
    staff = User.objects.filter(is_active=True, is_staff=True).order_by("-is_superuser", "pk")
    user = (staff.filter(username=name) if name else staff).first()
    if user is None and name:
        raise CommandError(f"username: there is no active staff user {name!r}.")
    if user is None:
        raise CommandError("There is no staff user yet: start the console once (make run).")
    return user

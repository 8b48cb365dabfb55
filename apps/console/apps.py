"""Django's view of the console app."""

from django.apps import AppConfig
from django.core.checks import register


class ConsoleConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "apps.console"
    label = "console"

    def ready(self) -> None:
        from apps.console.checks import TAG, check_mode

        register(check_mode, TAG)

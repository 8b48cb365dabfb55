"""The admin's pages that issue, rotate and revoke keys. A secret is in one answer, nowhere else."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import RegexValidator
from django.db.models import Model
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.tenants import keys
from apps.tenants.admin_base import actor_of
from apps.tenants.models import ApiKey, Tenant, WorkerKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from apps.tenants.audit import Actor

RowT = TypeVar("RowT", bound=Model)
KeyT = TypeVar("KeyT", ApiKey, WorkerKey)

_WORKER_KEYS = "admin:tenants_workerkey_changelist"
_HOSTS = RegexValidator(r"^[A-Za-z0-9.,: \[\]-]*$", "Names or addresses, with commas between.")


class KeyForm(forms.Form):
    """A new key of a tenant."""

    name = forms.CharField(max_length=200, help_text="What the key is for.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in keys.SCOPES], widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(
        min_value=1, max_value=keys.LONGEST_LIFETIME.days, initial=keys.LIFETIME.days
    )


class WorkerKeyForm(forms.Form):
    """A new credential for realtime workers."""

    name_prefix = forms.CharField(
        max_length=63, help_text="Their names start so; ends in a hyphen."
    )
    capacity = forms.IntegerField(min_value=1, max_value=100_000, initial=64)
    hosts = forms.CharField(
        required=False, validators=[_HOSTS], help_text="Hosts an endpoint may name. Empty: any."
    )
    days = forms.IntegerField(
        min_value=1, max_value=keys.LONGEST_LIFETIME.days, initial=keys.LIFETIME.days
    )


def issue(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A form, then the new key, this once."""
    _require(request, "tenants.add_apikey")
    tenant = _row(Tenant, pk)
    back = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    form = KeyForm(request.POST or None)
    if form.is_valid():
        key, text = keys.issue(
            tenant,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            actor=actor_of(request),
            expires_in=timedelta(days=form.cleaned_data["days"]),
        )
        return _shown_once(request, key, text, back)
    return _page(request, "admin/key_form.html", f"Issue a key for {tenant}", form=form, back=back)


def rotate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks, then shows the successor, this once."""
    _require(request, "tenants.change_apikey")
    key = _row(ApiKey, pk)
    return _rotate(request, key, _tenant_page(key), partial(keys.rotate, key))


def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks, then ends the key."""
    _require(request, "tenants.change_apikey")
    key = _row(ApiKey, pk)
    return _revoke(request, key, _tenant_page(key), partial(keys.revoke, key))


def issue_worker(request: HttpRequest) -> HttpResponse:
    """A form, then the new credential, this once."""
    _require(request, "tenants.add_workerkey")
    back = reverse(_WORKER_KEYS)
    form = WorkerKeyForm(request.POST or None)
    if form.is_valid():
        hosts = form.cleaned_data["hosts"].replace(",", " ").split()
        try:
            key, text = keys.issue_worker(
                form.cleaned_data["name_prefix"],
                actor=actor_of(request),
                capacity=form.cleaned_data["capacity"],
                hosts=hosts,
                expires_in=timedelta(days=form.cleaned_data["days"]),
            )
            return _shown_once(request, key, text, back)
        except ValidationError as error:
            form.add_error(None, error.messages)
    title = "Issue a key for realtime workers"
    return _page(request, "admin/key_form.html", title, form=form, back=back)


def rotate_worker(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks, then shows the successor, this once."""
    _require(request, "tenants.change_workerkey")
    key = _row(WorkerKey, pk)
    return _rotate(request, key, reverse(_WORKER_KEYS), partial(keys.rotate_worker, key))


def revoke_worker(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks, then ends the key."""
    _require(request, "tenants.change_workerkey")
    key = _row(WorkerKey, pk)
    return _revoke(request, key, reverse(_WORKER_KEYS), partial(keys.revoke_worker, key))


def _rotate(
    request: HttpRequest, key: KeyT, back: str, verb: Callable[[Actor], tuple[KeyT, str]]
) -> HttpResponse:
    if request.method != "POST":
        return _ask(request, f"Rotate {key}", "The old key works for another 24 hours.", back)
    try:
        new, text = verb(actor_of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(back)
    return _shown_once(request, new, text, back)


def _revoke(
    request: HttpRequest, key: Model, back: str, verb: Callable[[Actor], None]
) -> HttpResponse:
    if request.method != "POST":
        return _ask(request, f"Revoke {key}", "Whoever uses it is refused at once.", back)
    verb(actor_of(request))
    return redirect(back)


def _tenant_page(key: ApiKey) -> str:
    return reverse("admin:tenants_tenant_change", args=[key.tenant_id])


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _row(model: type[RowT], pk: UUID) -> RowT:
    row = model._default_manager.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _ask(request: HttpRequest, title: str, effect: str, back: str) -> HttpResponse:
    return _page(request, "admin/key_ask.html", title, effect=effect, back=back)


def _shown_once(
    request: HttpRequest, key: ApiKey | WorkerKey, text: str, back: str
) -> HttpResponse:
    return _page(request, "admin/key_shown.html", "The new key", key=key, text=text, back=back)


def _page(request: HttpRequest, template: str, title: str, **context: object) -> HttpResponse:
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}
    )

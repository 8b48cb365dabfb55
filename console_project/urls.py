"""Where each part of the console answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from apps.console import views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/console/", include("apps.console.api.urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(), name="docs"),
    path("", RedirectView.as_view(url="/console/")),
    path("console", RedirectView.as_view(url="/console/")),
    path("console/login", views.login, name="login"),
    path("console/logout", views.logout, name="logout"),
    path("console/link/<str:token>", views.login_link, name="login-link"),
    re_path(r"^console/(?P<path>.*)$", views.page, name="page"),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/login/", views.admin_login),
    path("admin/logout/", views.admin_logout),
    path("admin/", admin.site.urls),
]

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.not_found
handler500 = views.server_error

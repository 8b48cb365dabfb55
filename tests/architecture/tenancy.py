"""What keeps tenants apart, as checks over classes and source: each yields what breaks a rule."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django_filters import FilterSet, ModelChoiceFilter
from rest_framework.relations import ManyRelatedField, RelatedField
from rest_framework.serializers import BaseSerializer, ListSerializer, ModelSerializer
from rest_framework.views import APIView

from apps.tenants.models import Tenant
from apps.tenants.owned import TenantQuerySet
from apps.tenants.scoping import TenantRelatedField, TenantViewSet

SCOPING = {
    "get_queryset", "scoped", "find", "initial", "caller", "tenant_for_write", "get_object",
    "perform_create", "permission_classes", "authentication_classes", "get_permissions",
    "get_authenticators", "check_permissions", "filterset_fields",
}  # fmt: skip
GUARDS = {"find", "scoped"}
BOUNDS = {
    "id", "bulk_id", "job", "job_id", "job_id__in", "task", "task_id", "task__job_id", "depends_on",
    "dependents__task", "dependents__task_id",
}  # fmt: skip


def below(kind: type[Any], package: str = "apps.") -> set[type[Any]]:
    """All classes of ours that derive from this one."""
    found: set[type[Any]] = set()
    waiting = [kind]
    while waiting:
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            if child.__module__.startswith(package):
                found.add(child)
    return found


# Models ------------------------------------------------------------------------------------------


def unowned(models: Iterable[type[Model]], shared: Mapping[str, str]) -> Iterator[str]:
    """Models that neither lead to a tenant nor are listed as shared."""
    for model in models:
        path = getattr(model, "tenant_path", None)
        name = model.__name__
        if (path is None) != (name in shared):
            yield f"{name}: " + ("listed as shared, yet owned" if path else "leads to no tenant")
        elif path is not None:
            if _end_of(model, path) is not Tenant:
                yield f"{name}: {path} does not lead to a tenant"
            elif "tenants_tenant" not in _sql_of(model) and "tenant_id" not in _sql_of(model):
                yield f"{name}: .of() does not narrow it"


def _end_of(model: type[Model], path: str) -> type[Model] | None:
    at: Any = model
    for name in path.split("__"):
        try:
            at = at._meta.get_field(name).related_model
        except (FieldDoesNotExist, AttributeError):
            return None
    return at if isinstance(at, type) else None


def _sql_of(model: type[Model]) -> str:
    return str(TenantQuerySet(model).of(Tenant(slug="x")).query).partition("WHERE")[2]


# Serializers and filters -------------------------------------------------------------------------


def loose_fields(serializers: Iterable[type[BaseSerializer[Any]]]) -> Iterator[str]:
    """Serializers that show or take what nobody listed, or relate to any tenant's row."""
    for kind in serializers:
        meta: Any = getattr(kind, "Meta", None)
        if issubclass(kind, ModelSerializer) and not isinstance(
            getattr(meta, "fields", None), (tuple, list)
        ):
            yield f"{kind.__name__}: its fields are not listed"
            continue
        if issubclass(kind, ListSerializer):
            continue
        for name, field in getattr(kind(), "fields", {}).items():
            target = field.child_relation if isinstance(field, ManyRelatedField) else field
            if isinstance(target, RelatedField) and not isinstance(target, TenantRelatedField):
                yield f"{kind.__name__}.{name}: relates to rows of all tenants"
            if name in {"tenant", "tenant_id"} and _is_taken(kind, field):
                yield f"{kind.__name__}.{name}: the tenant is taken from the body"


def _is_taken(kind: type[Any], field: Any) -> bool:
    is_body = any(base.__name__ == "StrictSerializer" for base in kind.__mro__)
    return (is_body or issubclass(kind, ModelSerializer)) and not field.read_only


def telling_filters(filtersets: Iterable[type[FilterSet]]) -> Iterator[str]:
    """Filters that tell an existing row of another tenant from a missing one."""
    for kind in filtersets:
        for name, found in kind.base_filters.items():
            if isinstance(found, ModelChoiceFilter) or name.startswith("tenant"):
                yield f"{kind.__name__}.{name}"


# Views -------------------------------------------------------------------------------------------


def unscoped_views(views: Iterable[type[APIView]], open_views: Iterable[str]) -> Iterator[str]:
    """Views without the tenant base in the first place, or that change what it does."""
    for view in views:
        if view.__name__ in open_views:
            continue
        if not issubclass(view.__mro__[1], TenantViewSet):
            yield f"{view.__name__}: its first base is {view.__mro__[1].__name__}"
        for name in sorted(SCOPING & vars(view).keys()):
            yield f"{view.__name__}.{name}: changes the scoping"


def unscoped_queries(source: str, open_views: Iterable[str] = ()) -> Iterator[str]:
    """Where a view's module reads rows that have not passed through find(), scoped() or of().

    Allowed without: a class's `queryset`, and `Exists(…)` and `Subquery(…)`, which narrow a scoped
    queryset.
    """
    tree = ast.parse(source)
    guarded: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            guarded |= _declared(node, open_views)
        if isinstance(node, ast.Call) and _guards(node):
            guarded |= {part for argument in node.args for part in ast.walk(argument)}
            guarded |= set(ast.walk(node.func)) if _name(node.func) == "of" else set()
    for node in ast.walk(tree):
        if _name(node) == "get_object_or_404" or (_reads(node) and node not in guarded):
            yield f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)}"


def unbounded_reads(source: str, owned: set[str]) -> Iterator[str]:
    """Functions that read owned rows, bound neither by of() nor by an id that was found before."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        bound = {part for call in calls if _bounds(call) for part in ast.walk(call.func)}
        reads = {node for node in ast.walk(function) if _reads_one_of(node, owned)}
        if reads - bound:
            yield function.name


def _bounds(call: ast.Call) -> bool:
    named = {node.arg for node in ast.walk(call) if isinstance(node, ast.keyword)}
    return _name(call.func) == "of" or (_name(call.func) == "filter" and bool(named & BOUNDS))


def _reads_one_of(node: ast.AST, owned: set[str]) -> bool:
    return isinstance(node, ast.Attribute) and _reads(node) and _name(node.value) in owned


def _declared(node: ast.ClassDef, open_views: Iterable[str]) -> set[ast.AST]:
    if node.name in open_views:
        return set(ast.walk(node))
    return {
        part
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and [_name(target) for target in statement.targets] == ["queryset"]
        for part in ast.walk(statement)
    }


def _guards(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and _name(call.func.value) == "self":
        return call.func.attr in GUARDS
    return _name(call.func) in {"of", "Exists", "Subquery"}


def _reads(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        own = node.attr == "queryset" and _name(node.value) == "self"
        return own or node.attr in {"objects", "_default_manager", "_base_manager"}
    return isinstance(node, ast.Call) and _name(node.func) == "visible_jobs"


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


# What runs behind --------------------------------------------------------------------------------


def unlisted_tasks(
    tasks: Mapping[str, Callable[..., object]], listed: Mapping[str, str]
) -> Iterator[str]:
    """Background tasks that are in no list, and those that are told whose row to work on."""
    yield from sorted(tasks.keys() ^ listed.keys())
    for name, run in tasks.items():
        told = set(inspect.signature(run).parameters) - {"engine_id"}
        if told:
            yield f"{name}: is told {sorted(told)}"


def loose_consumers(consumers: Iterable[type[Any]]) -> Iterator[str]:
    """Socket consumers that do not begin with the tenant's."""
    for kind in consumers:
        if kind.__name__ != "TenantConsumer" and kind.__mro__[1].__name__ != "TenantConsumer":
            yield kind.__name__

"""Everything that reads or writes rows is bound to a tenant; each planted breach is found."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from channels.consumer import AsyncConsumer, SyncConsumer
from django.apps import apps
from django.db import models
from django_filters import FilterSet
from rest_framework import mixins, serializers
from rest_framework.views import APIView

import apps as our_apps
from apps.jobs.models import Job, StoredFile
from apps.tasks.models import Task
from apps.tenants.models import Tenant
from apps.tenants.scoping import TenantRelatedField, TenantViewSet
from console_project.celery import app as celery
from tests.architecture import tenancy
from tests.architecture.tree import ROOT
from tests.tenants.test_declarations import OPEN

SHARED = {
    "User": "staff; there are no tenant logins",
    "Tenant": "is the tenant",
    "ApiKey": "leads to the tenant; read by its digest, listed in the admin only",
    "WorkerKey": "of a machine, which works for all",
    "AuditEntry": "the trail, read in the admin only",
    "Node": "a machine",
    "Worker": "a process, which works for all",
    "ServedModel": "what a worker serves, for all",
    "NodeCards": "how a machine's cards were read, for staff",
    "Gpu": "a card of a machine, which works for all",
    "GpuSample": "a card at a moment; names tasks by id, told to staff, or to their own tenant",
    "GpuMinute": "a minute of a card",
    "GpuQuarter": "a quarter of an hour of a card",
    "WorkerHosts": "processes of a worker, which works for all",
    "Tick": "when a periodic duty ran",
    "EnginePause": "of an engine, which works for all",
    "WaitSpan": "why an engine's tasks wait; names a tenant where only its own do",
    "UsageDelta": "figures to be folded by the hour; read through their sums only",
}
BACKGROUND = {
    "tasks.bell": "wakes an engine's dispatcher, and reads no row",
    "tasks.canary": "wakes this process only, and reads no row",
    "tasks.sweep": "upkeep over all rows; moves each task under its own job's lock",
    "tasks.bulk": "does what was asked for on many jobs, each within the asker's tenant",
    "tasks.fold": "adds up what has ended, each tenant's by itself",
    "cards.sample": "asks for a look at this machine's cards; credits running attempts by their id",
    "cards.fold": "adds up what the cards said, whoever held them",
    "tasks.prune": "removes what was deleted or has expired, whoever's it was",
}
OF_ALL = {
    "job_rows.visible_jobs": "the start of a query, narrowed by who asks it",
    "engine_rows.tasks_of": "all for staff, else narrowed by of()",
    "session_rows.open_sessions": "all for staff, else narrowed by of()",
    "gpu_rows._tasks": "who holds what on a card: for staff; narrowed where they chose a tenant",
    "metrics.collect": "figures of the whole, behind a token of their own",
    "metrics._oldest": "figures of the whole, behind a token of their own",
}
API_MODULES = sorted((ROOT / "apps/console/api").glob("*.py"))


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    for module in pkgutil.walk_packages(our_apps.__path__, "apps."):
        if ".engines.tour" not in module.name and ".management" not in module.name:
            importlib.import_module(module.name)


def owned() -> set[str]:
    return {model.__name__ for model in apps.get_models() if hasattr(model, "tenant_path")}


# Models ------------------------------------------------------------------------------------------


def test_every_model_is_owned_or_listed_as_shared() -> None:
    ours = [model for model in apps.get_models() if model.__module__.startswith("apps.")]
    assert list(tenancy.unowned(ours, SHARED)) == []
    assert SHARED.keys() <= {model.__name__ for model in ours}


def planted_model(name: str, /, **fields: Any) -> type[models.Model]:
    meta = type("Meta", (), {"app_label": "jobs"})
    kind = type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})
    apps.all_models["jobs"].pop(name.lower())
    apps.clear_cache()
    assert issubclass(kind, models.Model)
    return kind


def test_planted_models_are_found() -> None:
    of_worker = models.ForeignKey("workers.Worker", models.CASCADE, related_name="+")
    planted = [
        planted_model("Forgotten"),
        planted_model("Misled", tenant_path="name__tenant", name=models.TextField()),
        planted_model("Elsewhere", tenant_path="worker__node", worker=of_worker),
        planted_model("Tick", tenant_path="tenant"),
    ]
    assert len(list(tenancy.unowned(planted, SHARED))) == len(planted)


# Serializers and filters -------------------------------------------------------------------------


def test_every_field_is_listed_and_every_relation_is_the_tenants() -> None:
    ours = tenancy.below(serializers.BaseSerializer)
    assert len(ours) > 20
    assert list(tenancy.loose_fields(ours)) == []


def test_planted_serializers_are_found() -> None:
    class AllFields(serializers.ModelSerializer):
        class Meta:
            model = Job
            fields = "__all__"

    class AllButOne(serializers.ModelSerializer):
        class Meta:
            model = Job
            exclude = ("name",)

    class Related(serializers.ModelSerializer):
        class Meta:
            model = Task
            fields = ("job",)

    found = list(tenancy.loose_fields([AllFields, AllButOne, Related]))
    assert [line.partition(":")[0] for line in found] == ["AllFields", "AllButOne", "Related.job"]


def test_planted_relations_are_found() -> None:
    class BySlug(serializers.Serializer):
        job = serializers.SlugRelatedField("name", queryset=Job.objects.all())

    class ByMany(serializers.Serializer):
        jobs = serializers.HyperlinkedRelatedField("job", queryset=Job.objects.all(), many=True)

    class Owned(serializers.Serializer):
        file = TenantRelatedField(queryset=StoredFile.objects.all())

    class Named(serializers.ModelSerializer):
        tenant = serializers.CharField()

        class Meta:
            model = Job
            fields = ("tenant",)

    found = list(tenancy.loose_fields([BySlug, ByMany, Owned, Named]))
    assert [line.partition(":")[0] for line in found] == [
        "BySlug.job",
        "ByMany.jobs",
        "Named.tenant",
    ]


def test_no_filter_tells_of_rows_elsewhere() -> None:
    ours = tenancy.below(FilterSet)
    assert ours
    assert list(tenancy.telling_filters(ours)) == []


def test_a_planted_filter_is_found() -> None:
    class ByTenant(FilterSet):  # type: ignore[misc]
        class Meta:
            model = Job
            fields = ("tenant", "status")

    assert list(tenancy.telling_filters([ByTenant])) == ["ByTenant.tenant"]


# Views -------------------------------------------------------------------------------------------


def test_every_view_is_a_tenants_before_all_else_and_leaves_the_scoping_alone() -> None:
    ours = tenancy.below(APIView) - {TenantViewSet}
    assert len(ours) > 8
    assert list(tenancy.unscoped_views(ours, {*OPEN, "OpenView"})) == []


def test_planted_views_are_found() -> None:
    class Mixed(mixins.CreateModelMixin, TenantViewSet):
        pass

    class Plain(APIView):
        pass

    class Lenient(TenantViewSet):
        permission_classes = ()

        def scoped(self, queryset: Any) -> Any:
            return queryset

    found = [line.partition(":")[0] for line in tenancy.unscoped_views([Mixed, Plain, Lenient], ())]
    assert found == ["Mixed", "Plain", "Lenient.permission_classes", "Lenient.scoped"]


@pytest.mark.parametrize("module", API_MODULES, ids=lambda path: str(path.stem))
def test_every_query_of_a_view_passes_through_the_scope(module: Any) -> None:
    assert list(tenancy.unscoped_queries(module.read_text(), OPEN)) == []


@pytest.mark.parametrize(
    "planted",
    [
        "Job.objects.get(id=job_id)",
        "Job._base_manager.all()",
        "get_object_or_404(Job, id=job_id)",
        "shortcuts.get_object_or_404(Job, id=job_id)",
        "visible_jobs().filter(id=job_id)",
        "self.queryset.filter(id=job_id)",
        "find(Job.objects.all(), id=job_id)",
        "self.show(Job.objects.all())",
        "StoredFile.objects.filter(id=job_id).exists()",
    ],
)
def test_a_planted_query_is_found(planted: str) -> None:
    body = f"class V(TenantViewSet):\n    def get(self, job_id):\n        return {planted}\n"
    assert len(list(tenancy.unscoped_queries(body))) == 1


@pytest.mark.parametrize(
    "scoped",
    [
        "self.find(Job.objects.all(), id=job_id)",
        "self.find(self.queryset.all(), id=job_id)",
        "self.scoped(visible_jobs()).count()",
        "Job.objects.filter(name='a').of(tenant).count()",
        "jobs.filter(Exists(Task.objects.filter(job=OuterRef('pk'))))",
        "jobs.filter(id__in=Subquery(Task.objects.values('job')))",
    ],
)
def test_a_scoped_query_passes(scoped: str) -> None:
    body = f"class V(TenantViewSet):\n    queryset = Job.objects.all()\n    x = {scoped}\n"
    assert list(tenancy.unscoped_queries(body)) == []


def test_every_row_reader_is_told_whose_rows() -> None:
    found = {
        f"{path.stem}.{function}"
        for path in (ROOT / "apps/console").glob("*.py")
        for function in tenancy.unbounded_reads(path.read_text(), owned())
    }
    assert found == OF_ALL.keys()


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("Task.objects.filter(status='ready').count()", ["read"]),
        ("Job.objects.order_by('-id')[:5]", ["read"]),
        ("Task.objects.filter(status='ready').of(tenant).count()", []),
        ("Task.objects.exclude(status='ready').filter(job_id=job_id)", []),
        ("Worker.objects.all()", []),
    ],
)
def test_a_planted_reader_is_found(planted: str, found: list[str]) -> None:
    source = f"def read(job_id, tenant):\n    return {planted}\n"
    assert list(tenancy.unbounded_reads(source, owned())) == found


# What runs behind --------------------------------------------------------------------------------


def test_every_background_task_is_listed_and_told_of_no_row() -> None:
    celery.loader.import_default_modules()
    tasks = {
        name: task.run for name, task in celery.tasks.items() if not name.startswith("celery.")
    }
    assert list(tenancy.unlisted_tasks(tasks, BACKGROUND)) == []


def test_planted_background_tasks_are_found() -> None:
    def purge(job_id: str) -> None:
        raise NotImplementedError(job_id)

    found = list(tenancy.unlisted_tasks({"tasks.purge": purge, "tasks.bell": purge}, BACKGROUND))
    assert "tasks.purge" in found
    assert "tasks.bell: is told ['job_id']" in found


def test_every_consumer_begins_with_the_tenants() -> None:
    ours = tenancy.below(AsyncConsumer) | tenancy.below(SyncConsumer)
    assert list(tenancy.loose_consumers(ours)) == []


def test_a_planted_consumer_is_found() -> None:
    planted = type("LogConsumer", (AsyncConsumer,), {})
    assert list(tenancy.loose_consumers([planted])) == ["LogConsumer"]


def test_the_tenant_itself_is_not_owned() -> None:
    assert list(tenancy.unowned([Tenant], {})) == ["Tenant: leads to no tenant"]

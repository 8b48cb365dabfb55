"""What a list of jobs can be narrowed to, such that no page reads what it does not show."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError as FormError
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from apps.console.api.jobs_serializers import MOST_LABELS
from apps.console.api.pagination import PLACE
from apps.jobs.models import Job, JobLabel
from apps.jobs.status import JobStatus
from apps.tasks.models import Task
from apps.tasks.status import TaskStatus
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from uuid import UUID

SAMPLE, OFTEN = 500, 5
"""Where so many of the newest jobs are of a name, a page of them is met on the way back in time."""
FEW = 2_000
"""Of a name that is rarer, so many jobs are sought by the index of names and sorted."""
CLOCKS_APART = timedelta(days=2)
"""A job's id is of its web server's clock, its `created_at` of the database's."""


class _LabelFormField(forms.Field):
    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[tuple[str, str]]:
        pairs = [text.partition(":") for text in value or ()]
        if len(pairs) > MOST_LABELS or any(not name or not colon for name, colon, _ in pairs):
            raise FormError("Write a label as name:value.", code="invalid")
        if any("\0" in name + wanted for name, _, wanted in pairs):
            raise FormError("Null characters are not allowed.", code="invalid")
        return [(name, wanted) for name, _, wanted in pairs]


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class LabelFilter(django_filters.Filter):  # type: ignore[misc]
    """`label=name:value`, repeatable: jobs that have them all."""

    field_class = _LabelFormField

    def filter(self, queryset: QuerySet[Job], pairs: list[tuple[str, str]]) -> QuerySet[Job]:
        for name, wanted in pairs or ():
            if PLACE in queryset.query.annotations:
                pair = {"name": name, "value": wanted}
                queryset = queryset.filter(
                    Exists(JobLabel.objects.filter(job=OuterRef("pk"), **pair))
                )
            else:
                tenant = self.parent.tenant
                queryset = _through(queryset, "labels", tenant, name=name, value=wanted)
        return queryset


def _sensible_year(at: datetime) -> None:
    if not 1970 <= at.year <= 2200:
        raise FormError("The year must be from 1970 to 2200.", code="out_of_range")


class JobFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(max_length=64, method="by_text")
    status = django_filters.MultipleChoiceFilter(choices=JobStatus.choices, method="by_status")
    engine = django_filters.CharFilter(max_length=100, method="by_engine")
    error_code = django_filters.CharFilter(max_length=60, method="by_error_code")
    pipeline = django_filters.CharFilter(max_length=100)
    label = LabelFilter()
    created_after = django_filters.IsoDateTimeFilter(method="after", validators=[_sensible_year])
    created_before = django_filters.IsoDateTimeFilter(method="before", validators=[_sensible_year])

    @property
    def tenant(self) -> Tenant | None:
        """Whose jobs are asked for, where it is one tenant's only."""
        return self.request.auth.tenant if self.request is not None else None

    def by_status(self, jobs: QuerySet[Job], _name: str, statuses: list[str]) -> QuerySet[Job]:
        return jobs.filter(status__in=statuses) if statuses else jobs

    @extend_schema_field(OpenApiTypes.STR)
    def by_text(self, jobs: QuerySet[Job], _name: str, text: str) -> QuerySet[Job]:
        """Jobs whose name, or id, begins so."""
        named, begun = Q(name__istartswith=text), _id_begins(text)
        newest = jobs.order_by("-id").values_list("name", flat=True)[:SAMPLE]
        if sum(name.upper().startswith(text.upper()) for name in newest) >= OFTEN:
            return jobs.filter(named | (begun or Q()))
        # The index of names is by tenant; for staff it is looked at for each of them.
        ids = _few(jobs.filter(named, Exists(Tenant.objects.filter(pk=OuterRef("tenant_id")))))
        of_id = _few(jobs.filter(begun)) if begun else []
        if ids is None or of_id is None:
            return jobs.filter((named if ids is None else Q(id__in=ids)) | (begun or Q()))
        return jobs.filter(id__in=[*ids, *of_id])

    @extend_schema_field(OpenApiTypes.STR)
    def by_engine(self, jobs: QuerySet[Job], _name: str, engine_id: str) -> QuerySet[Job]:
        """Jobs with a task of this engine."""
        return _through(jobs, "engines", self.tenant, engine_id=engine_id)

    @extend_schema_field(OpenApiTypes.STR)
    def by_error_code(self, jobs: QuerySet[Job], _name: str, code: str) -> QuerySet[Job]:
        """Jobs with a task that failed so."""
        failed = {"status": TaskStatus.FAILED, "error_code": code}
        return jobs.filter(Exists(Task.objects.filter(job=OuterRef("pk"), **failed)))

    def after(self, jobs: QuerySet[Job], _name: str, at: datetime) -> QuerySet[Job]:
        return jobs.filter(created_at__gte=at, id__gte=_first_id(at - CLOCKS_APART))

    def before(self, jobs: QuerySet[Job], _name: str, at: datetime) -> QuerySet[Job]:
        return jobs.filter(created_at__lt=at, id__lt=_first_id(at + CLOCKS_APART))


def _through(
    jobs: QuerySet[Job], relation: str, tenant: Tenant | None, **wanted: str
) -> QuerySet[Job]:
    """Jobs found through rows that stand in an index by what is wanted and then by job.

    Pages follow that index (`PLACE`), so that each costs what it shows, be such jobs rare or not.
    """
    condition: dict[str, object] = {f"{relation}__{name}": value for name, value in wanted.items()}
    if tenant is not None:
        condition[f"{relation}__tenant_id"] = tenant.id
    found = jobs.alias(found=FilteredRelation(relation, condition=Q(**condition)))
    there = {f"found__{name}": value for name, value in wanted.items()}
    return found.filter(**there).alias(**{PLACE: F("found__job_id")})


def _few(jobs: QuerySet[Job]) -> list[UUID] | None:
    """Their ids, unless they are many."""
    ids = list(jobs.order_by().values_list("id", flat=True)[: FEW + 1])
    return ids if len(ids) <= FEW else None


def _id_begins(text: str) -> Q | None:
    digits = text.replace("-", "").lower()
    if not digits or len(digits) > 32 or not set(digits) <= set("0123456789abcdef"):
        return None
    return Q(id__gte=digits.ljust(32, "0"), id__lte=digits.ljust(32, "f"))


def _first_id(at: datetime) -> str:
    """The smallest time-ordered id of this moment."""
    return f"{max(0, int(at.timestamp() * 1000)):012x}".ljust(32, "0")

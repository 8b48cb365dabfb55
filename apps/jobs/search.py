"""By what jobs are found: the beginning of their name, their labels, their engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Func
from django.db.models.indexes import IndexExpression

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler


class Beginning(Func):
    """A text in an index that `istartswith` is to use. Only each database knows how."""

    arity = 1

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any
    ) -> tuple[str, Any]:
        template = "(UPPER(%(expressions)s::text)) text_pattern_ops"
        return self.as_sql(compiler, connection, template=template, **more)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any
    ) -> tuple[str, Any]:
        template = "%(expressions)s COLLATE NOCASE"
        return self.as_sql(compiler, connection, template=template, **more)


# What stands around an indexed column must not be put into brackets.
IndexExpression.wrapper_classes = (*IndexExpression.wrapper_classes, Beginning)


class JobLabel(models.Model):
    """One `name: value` a tenant put on a job, to find it by.

    `tenant_id` is copied from the job for the index alone, never for scoping.
    """

    job = models.ForeignKey(
        "jobs.Job", on_delete=models.CASCADE, related_name="labels", db_index=False
    )
    tenant_id = models.UUIDField(editable=False)
    name = models.CharField(max_length=63)
    value = models.CharField(max_length=200)

    tenant_path = "job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["job", "name"], name="job_label_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["name", "value", "-job"], name="job_label_find"),
            models.Index(fields=["tenant_id", "name", "value", "-job"], name="job_label_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.name}:{self.value}"


class JobEngine(models.Model):
    """One engine that tasks of a job run on, to find it by. `tenant_id` as in a label."""

    job = models.ForeignKey(
        "jobs.Job", on_delete=models.CASCADE, related_name="engines", db_index=False
    )
    tenant_id = models.UUIDField(editable=False)
    engine_id = models.CharField(max_length=100)

    tenant_path = "job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["job", "engine_id"], name="job_engine_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["engine_id", "-job"], name="job_engine_find"),
            models.Index(fields=["tenant_id", "engine_id", "-job"], name="job_engine_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} on {self.engine_id}"

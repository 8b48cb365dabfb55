"""Files: upload whole or in parts, download, look at, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import (
    ErrorDetail,
    NotFound,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.console.api.errors import Conflict, TooLarge
from apps.console.api.fields import names_of, valid_query
from apps.jobs import files, links, uploads
from apps.jobs.models import StoredFile
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from rest_framework.request import Request

_SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"
_BODY = {"application/octet-stream": OpenApiTypes.BINARY}


class FileQuery(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=255, trim_whitespace=False)
    size = serializers.IntegerField(
        min_value=1,
        max_value=uploads.PART_BYTES * uploads.MOST_PARTS,
        required=False,
        help_text="Begins an upload in parts of a file of so many bytes; no body then.",
    )


class FileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField(allow_null=True, help_text="`null` until it is complete.")
    created_at = serializers.DateTimeField()


class UploadSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    part_bytes = serializers.IntegerField()


class PartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    size_bytes = serializers.IntegerField()


_UPLOADED = PolymorphicProxySerializer(
    component_name="Uploaded",
    serializers=[FileSerializer, UploadSerializer],
    resource_type_field_name=None,
)


class Download(FileResponse):
    """A file as an attachment, in chunks also under ASGI (Django would gather them all first)."""

    block_size = 256 * 1024

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = cast("Iterator[bytes]", self.streaming_content)
        step = sync_to_async(lambda: next(chunks, None), thread_sensitive=False)
        while (chunk := await step()) is not None:
            yield chunk


class FileViewSet(TenantViewSet):
    """Answers whatever the client accepts: a download is bytes, and all else is JSON."""

    queryset = StoredFile.objects.all()
    pagination_class = None
    scopes: ClassVar[Mapping[str, str]] = {
        "create": "jobs:write",
        "retrieve": "jobs:read",
        "destroy": "jobs:write",
        "info": "jobs:read",
        "put_part": "jobs:write",
        "complete": "jobs:write",
    }
    query_params: ClassVar[Mapping[str, frozenset[str] | set[str]]] = {
        "create": names_of(FileQuery)
    }

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)

    def file(self) -> StoredFile:
        """The file of the path, if the caller may see it."""
        return self.find(StoredFile.objects.all(), id=self.kwargs["file_id"])

    @extend_schema(parameters=[FileQuery], request=_BODY, responses={201: _UPLOADED})
    def create(self, request: Request) -> Response:
        tenant = self.tenant_for_write()
        _refuse_form(request)
        query = valid_query(FileQuery, request.query_params)
        if "size" in query:
            _refuse_body(request)
            upload = uploads.begin(tenant, query["name"], query["size"], self.caller.actor)
            return Response({"id": upload.pk, "part_bytes": upload.part_bytes}, status=201)
        limit: int = settings.CONSOLE_MAX_FILE_BODY_BYTES
        try:
            file = files.create(
                tenant, query["name"], request._request, self.caller.actor, at_most=limit
            )
        except files.FileTooLarge as error:
            raise TooLarge(str(error)) from None
        return Response(_shown(file), status=201)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def retrieve(self, request: Request, file_id: str) -> Download:
        return _download(self.find(StoredFile.objects.exclude(completed_at=None), id=file_id))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, file_id: str) -> Response:
        files.remove(self.file(), self.caller.actor)
        return Response(status=204)

    @extend_schema(responses=FileSerializer)
    def info(self, request: Request, file_id: str) -> Response:
        return Response(_shown(self.file()))

    @extend_schema(request=_BODY, responses=PartSerializer)
    def put_part(self, request: Request, file_id: str, number: int) -> Response:
        _refuse_form(request)
        try:
            part = uploads.put_part(self.file(), number, request._request)
        except uploads.UploadEnded:
            raise Conflict("This file takes no parts.") from None
        except files.FileTooLarge as error:
            raise TooLarge(str(error)) from None
        return Response({"number": part.number, "size_bytes": part.size_bytes})

    @extend_schema(request=None, responses=FileSerializer)
    def complete(self, request: Request, file_id: str) -> Response:
        try:
            return Response(_shown(uploads.complete(self.file())))
        except uploads.UploadEnded:
            raise Conflict("This file has no parts.") from None


class SignedFileView(APIView):
    """A file for an http engine, which has no key: the signed link is the credential."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request, token: str) -> Download:
        complete = StoredFile.objects.exclude(completed_at=None)
        file_id = links.file_of(token)
        file = complete.filter(id=file_id).first() if file_id else None
        if file is None:
            raise NotFound
        return _download(file)


def _download(file: StoredFile) -> Download:
    response = Download(
        default_storage.open(file.path, "rb"),
        as_attachment=True,
        filename=file.name,
        content_type="application/octet-stream",
    )
    response["Content-Length"] = str(file.size_bytes)
    response["Content-Security-Policy"] = _SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _refuse_form(request: Request) -> None:
    """A form's envelope would be stored as if it were the file."""
    if request.content_type.lower().startswith("multipart/"):
        raise UnsupportedMediaType(request.content_type)


def _refuse_body(request: Request) -> None:
    if request._request.read(1):
        error = ErrorDetail("An upload in parts begins without a body.", code="invalid")
        raise ValidationError({"size": [error]})


def _shown(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.pk,
        "name": file.name,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256 or None,
        "created_at": file.created_at,
    }

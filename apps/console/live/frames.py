"""What travels over the socket: ready-made text out, requests in through a strict gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from apps.console.api.render import OrjsonRenderer
from apps.tenants import strict_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES = 64 * 1024
"""Of a frame from a client, and of one event."""
BOARDS = ("dashboard", "gpus", "jobs", "queue", "realtime")
_LONGEST_TEXT = 200
_FIELDS = {
    "subscribe": {"op", "topic", "after", "tenant"},
    "unsubscribe": {"op", "topic"},
    "ack": {"op", "beat"},
}
_RENDERER = OrjsonRenderer()


class BadFrame(Exception):
    """The client sent something that is no request; `topic` is the one it named, if any."""

    def __init__(self, topic: str | None = None) -> None:
        super().__init__("bad_request")
        self.topic = topic


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a client. `kind` and `of`: what the topic is about, and of which object."""

    op: str
    topic: str = ""
    kind: str = ""
    of: UUID | None = None
    after: int | None = None
    tenant: str | None = None
    beat: int = 0


def read(text: str | None) -> Asked:
    """The request in a frame. Raises BadFrame."""
    if text is None:
        raise BadFrame
    try:
        value = strict_json.loads(text.encode(), max_bytes=MOST_BYTES)
    except (strict_json.StrictJsonError, UnicodeEncodeError):
        raise BadFrame from None
    if not isinstance(value, dict) or not isinstance(value.get("op"), str):
        raise BadFrame
    topic = value.get("topic")
    known = topic if isinstance(topic, str) and len(topic) <= _LONGEST_TEXT else None
    op = str(value["op"])
    if op not in _FIELDS or value.keys() - _FIELDS[op]:
        raise BadFrame(known)
    if op == "ack":
        return Asked(op, beat=_number(value.get("beat"), None))
    if known is None:
        raise BadFrame
    kind, of = _topic(known)
    after = _number(value["after"], known) if "after" in value else None
    tenant = value.get("tenant")
    if tenant is not None and (not isinstance(tenant, str) or len(tenant) > _LONGEST_TEXT):
        raise BadFrame(known)
    return Asked(op, known, kind, of, after, tenant)


def _number(value: object, topic: str | None) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadFrame(topic)
    return value


def _topic(text: str) -> tuple[str, UUID | None]:
    if text in BOARDS:
        return text, None
    kind, _, name = text.partition(":")
    if kind not in {"job", "log"}:
        raise BadFrame(text)
    try:
        of = UUID(name)
    except ValueError:
        raise BadFrame(text) from None
    if str(of) != name:
        raise BadFrame(text)
    return kind, of


# Out ---------------------------------------------------------------------------------------------


def dump(value: Any) -> bytes:
    """JSON as the API writes it."""
    return _RENDERER.render(value)


def events(topic: str, texts: Sequence[bytes]) -> bytes:
    """Events that are JSON already, in one frame."""
    return b'{"topic":%b,"type":"events","events":[%b]}' % (orjson.dumps(topic), b",".join(texts))


def patch(topic: str, data: bytes, seq: int | None = None) -> bytes:
    """The newest of a topic, or the newest lines of a log."""
    number = b"" if seq is None else b'"seq":%d,' % seq
    return b'{"topic":%b,"type":"patch",%b"data":%b}' % (orjson.dumps(topic), number, data)


def snapshot(topic: str, epoch: str, seq: int, data: bytes) -> bytes:
    """All of a job at event `seq`."""
    head = b'{"topic":%b,"type":"snapshot","epoch":%b,"seq":%d,"data":%b}'
    return head % (orjson.dumps(topic), orjson.dumps(epoch), seq, data)


def progress(topic: str, tasks: Mapping[str, float]) -> bytes:
    """How far running tasks say they are."""
    rows = [{"id": task_id, "progress": share} for task_id, share in tasks.items()]
    return dump({"topic": topic, "type": "progress", "tasks": rows})


def reset(topic: str, reason: str) -> bytes:
    """Something was left out: fetch anew, subscribe again."""
    return dump({"topic": topic, "type": "reset", "reason": reason})


def beat(number: int, heads: Mapping[str, int]) -> bytes:
    """The pipeline works; this is how far each topic is."""
    return dump({"type": "beat", "beat": number, "heads": heads})


def hello(epoch: str) -> bytes:
    """The first frame."""
    return dump({"type": "hello", "epoch": epoch})


def error(code: str, topic: str | None = None) -> bytes:
    """A request that was not granted."""
    named = {} if topic is None else {"topic": topic}
    return dump({"type": "error", **named, "code": code})

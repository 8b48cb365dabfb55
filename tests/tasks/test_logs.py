from __future__ import annotations

from typing import Any

import pytest

from apps.tasks.logs import LogBuffer, Wanted, read_job, read_task, readable
from apps.tasks.models import Task, TaskLog
from tests.tasks.jobs import by_key, make_job, task

pytestmark = pytest.mark.django_db


@pytest.fixture
def logged() -> Task:
    return by_key(make_job(), "only")


def write(owner: Task, *lines: str, level: str = "info", attempt: int = 1) -> LogBuffer:
    buffer = LogBuffer(owner.id, attempt)
    for line in lines:
        buffer.add(line, level)
    buffer.store()
    return buffer


def texts(owner: Task, wanted: Wanted | None = None, **more: Any) -> list[str]:
    return [line["text"] for line in read_task(owner.id, 1, wanted or Wanted(), **more).lines]


def test_lines_come_back_in_order_with_their_numbers(logged: Task) -> None:
    write(logged, "a", "b")
    page = read_task(logged.id, 1, Wanted())
    assert [(line["n"], line["text"]) for line in page.lines] == [(1, "a"), (2, "b")]
    assert page.next == 2


def test_reading_goes_on_after_a_line(logged: Task) -> None:
    buffer = write(logged, "a", "b")
    buffer.add("c", "info")
    buffer.store()
    assert texts(logged, after=2) == ["c"]
    assert texts(logged, before=3) == ["a", "b"]


def test_the_tail_is_the_last_lines(logged: Task) -> None:
    write(logged, "a", "b", "c")
    assert texts(logged, tail=2) == ["b", "c"]


def test_a_level_means_that_or_above(logged: Task) -> None:
    buffer = write(logged, "quiet")
    buffer.add("loud", "error")
    buffer.store()
    assert texts(logged, Wanted(level="warning")) == ["loud"]


def test_a_search_ignores_case(logged: Task) -> None:
    write(logged, "Alpha", "beta")
    assert texts(logged, Wanted(q="ALPHA")) == ["Alpha"]


def test_attempts_are_kept_apart(logged: Task) -> None:
    write(logged, "first")
    write(logged, "second", attempt=2)
    assert texts(logged) == ["first"]


def test_a_page_ends_where_the_next_begins(logged: Task) -> None:
    write(logged, *(str(n) for n in range(25)))
    page = read_task(logged.id, 1, Wanted(), limit=10)
    rest = read_task(logged.id, 1, Wanted(), after=int(page.next or 0))
    assert len(page.lines) + len(rest.lines) == 25


def test_a_filtered_page_goes_past_what_it_left_out(logged: Task) -> None:
    write(logged, *("no" for _ in range(5)), "yes")
    assert read_task(logged.id, 1, Wanted(q="yes")).next == 6


def test_head_and_tail_of_a_long_log_are_kept(logged: Task, settings: Any) -> None:
    settings.CONSOLE_LOG_LINES = 20
    buffer = LogBuffer(logged.id, 1)
    for n in range(1, 101):
        buffer.add(str(n), "info")
        if n % 7 == 0:
            buffer.store()
    buffer.store()
    kept = [int(text) for text in texts(logged)]
    assert kept[:10] == list(range(1, 11))
    assert kept[-10:] == list(range(91, 101))
    assert len(kept) < 30


def test_a_chunk_is_at_most_64_kib_of_text(logged: Task) -> None:
    write(logged, *("x" * 30_000 for _ in range(5)))
    assert TaskLog.objects.count() == 3


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain\r", "plain"),
        (b"nul\x00", "nul\\x00"),
        (b"red \x1b[31m", "red \\x1b[31m"),
        (b"bad \xff", "bad \\xff"),
        ("umlaut ä".encode(), "umlaut ä"),
        (b"tab\there", "tab\there"),
    ],
)
def test_a_line_is_made_readable(raw: bytes, text: str) -> None:
    assert readable(raw) == text


def test_a_line_in_pieces_is_one_line(logged: Task) -> None:
    buffer = LogBuffer(logged.id, 1)
    assert buffer.feed(b"hal", "info") == []
    assert buffer.feed(b"f\nrest", "info") == ["half"]
    buffer.finish()
    buffer.store()
    assert texts(logged) == ["half", "rest"]


def test_an_endless_line_takes_no_memory(logged: Task, settings: Any) -> None:
    settings.CONSOLE_LOG_LINE_BYTES = 100
    buffer = LogBuffer(logged.id, 1)
    for _ in range(50):
        buffer.feed(b"x" * 1000, "info")
    assert sum(map(len, buffer._partial.values())) <= 101


def test_the_log_of_a_job_is_in_time_order_and_pages(logged: Task) -> None:
    job = make_job(task("a"), task("b"))
    a, b = LogBuffer(by_key(job, "a").id, 1), LogBuffer(by_key(job, "b").id, 1)
    for n in range(6):
        (a if n % 2 else b).add(str(n), "info")
    for buffer in (a, b):
        buffer.store()
    first = read_job(job.id, Wanted(), limit=4)
    rest = read_job(job.id, Wanted(), after=str(first.next), limit=4)
    assert [line["text"] for line in first.lines + rest.lines] == [str(n) for n in range(6)]

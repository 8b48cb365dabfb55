from __future__ import annotations

from typing import Any

import pytest

from apps.tasks.log_pages import Wanted, read_task
from apps.tasks.logs import LogBuffer, readable
from apps.tasks.models import Task, TaskLog
from apps.tenants.clock import stamp
from tests.tasks.jobs import by_key, make_job

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
    assert texts(logged) == [*map(str, range(1, 11)), "80 lines dropped", *map(str, range(91, 101))]


def test_what_is_left_of_a_cut_chunk_says_where_and_when_it_begins(
    logged: Task, settings: Any
) -> None:
    settings.CONSOLE_LOG_LINES = 20
    write(logged, *(str(n) for n in range(1, 41)))
    buffer = write(logged, *(str(n) for n in range(1, 31)), attempt=2)
    for n in range(31, 36):
        buffer.add(str(n), "info")
    buffer.store()
    tail = TaskLog.objects.filter(attempt=2, first_n__gt=10).order_by("first_n")
    assert list(tail.values_list("first_n", "last_n")) == [(26, 30), (31, 35)]
    line = read_task(logged.id, 2, Wanted(), after=25).lines[0]
    assert (line["n"], line["text"], line["at"]) == (26, "26", stamp(tail[0].first_at))
    assert texts(logged, after=31) == [str(n) for n in range(32, 41)]


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

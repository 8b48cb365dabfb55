from __future__ import annotations

from typing import Any

import pytest

from apps.jobs.models import Job
from apps.tasks.log_pages import LogPage, Wanted, read_job, read_task
from apps.tasks.logs import LogBuffer
from apps.tasks.models import Task
from tests.tasks.jobs import by_key, make_job, task

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return make_job(task("a"), task("b"))


@pytest.fixture
def cut(job: Job, settings: Any) -> Task:
    """The log of task a keeps lines 1 to 5 and 96 to 100; task b wrote two more afterwards."""
    settings.CONSOLE_LOG_LINES = 10
    write(by_key(job, "a"), *range(1, 101))
    write(by_key(job, "b"), "x", "y")
    return by_key(job, "a")


def write(owner: Task, *lines: object, attempt: int = 1, level: str = "info") -> None:
    buffer = LogBuffer(owner.id, attempt)
    for line in lines:
        buffer.add(str(line), level)
    buffer.store()


def write_in_turns(job: Job, count: int) -> None:
    buffers = [LogBuffer(by_key(job, key).id, 1) for key in ("a", "b")]
    for n in range(count):
        buffers[n % 2].add(str(n), "info")
        if n % 5 == 4:
            buffers[n % 2].store()
    for buffer in buffers:
        buffer.store()


def shown(page: LogPage) -> list[str]:
    return [line["text"] for line in page.lines]


def numbers(count: int) -> list[str]:
    return [str(n) for n in range(count)]


def test_a_jobs_log_is_in_time_order_and_pages(job: Job) -> None:
    write_in_turns(job, 30)
    pages = [read_job(job.id, Wanted(), limit=8)]
    while len(pages[-1].lines) == 8:
        pages.append(read_job(job.id, Wanted(), after=str(pages[-1].next), limit=8))
    assert [text for page in pages for text in shown(page)] == numbers(30)


def test_a_jobs_log_is_read_backwards_from_its_end(job: Job) -> None:
    write_in_turns(job, 30)
    pages = [read_job(job.id, Wanted(), tail=8)]
    while len(pages[0].lines) == 8:
        pages.insert(0, read_job(job.id, Wanted(), before=str(pages[0].previous), tail=8))
    assert [text for page in pages for text in shown(page)] == numbers(30)


def test_the_end_of_a_jobs_log_is_followed_from_there(job: Job) -> None:
    write_in_turns(job, 10)
    page = read_job(job.id, Wanted(), tail=2)
    write(by_key(job, "a"), "more", attempt=2)
    assert shown(read_job(job.id, Wanted(), after=str(page.next))) == ["more"]


def test_a_jobs_log_between_two_places_leaves_both_out(job: Job) -> None:
    write_in_turns(job, 10)
    whole = read_job(job.id, Wanted())
    inner = read_job(job.id, Wanted(), after=str(whole.previous), before=str(whole.next))
    assert shown(inner) == numbers(10)[1:-1]


def test_a_jobs_log_of_one_attempt(job: Job) -> None:
    for key in ("a", "b"):
        write(by_key(job, key), f"{key}1")
    write(by_key(job, "b"), "b2", attempt=2)
    assert shown(read_job(job.id, Wanted(), attempt=2)) == ["b2"]
    assert shown(read_job(job.id, Wanted())) == ["a1", "b1", "b2"]


def test_the_tail_of_a_jobs_log_counts_what_is_wanted_only(job: Job) -> None:
    write(by_key(job, "a"), "bad", level="error")
    write(by_key(job, "b"), "fine", "fine")
    assert shown(read_job(job.id, Wanted(level="error"), tail=1)) == ["bad"]


def test_an_empty_page_gives_back_the_places_it_was_asked_for(job: Job) -> None:
    write_in_turns(job, 2)
    end = str(read_job(job.id, Wanted()).next)
    page = read_job(job.id, Wanted(), after=end)
    assert (page.lines, page.next, page.previous) == ([], end, None)


def test_dropped_lines_show_as_one_line_in_their_place(cut: Task) -> None:
    lines = read_task(cut.id, 1, Wanted()).lines
    assert [line["n"] for line in lines] == [1, 2, 3, 4, 5, 95, 96, 97, 98, 99, 100]
    assert (lines[5]["text"], lines[5]["dropped"]) == ("90 lines dropped", 90)
    assert [line["n"] for line in lines if "dropped" in line] == [95]
    assert lines[5]["at"] == lines[6]["at"]


def test_dropped_lines_show_in_the_jobs_log_too(cut: Task) -> None:
    page = read_job(cut.job_id, Wanted())
    assert shown(page)[4:7] == ["5", "90 lines dropped", "96"]
    assert page.lines[5]["key"] == "a"
    assert shown(page)[-2:] == ["x", "y"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 10])
def test_paging_over_dropped_lines_gives_each_line_once(cut: Task, limit: int) -> None:
    whole = [line["n"] for line in read_task(cut.id, 1, Wanted()).lines]
    forwards: list[int] = []
    while page := read_task(cut.id, 1, Wanted(), after=(forwards or [0])[-1], limit=limit).lines:
        forwards += [line["n"] for line in page]
    backwards: list[int] = []
    while page := read_task(cut.id, 1, Wanted(), before=(backwards or [101])[0], tail=limit).lines:
        backwards[:0] = [line["n"] for line in page]
    assert (forwards, backwards) == (whole, whole)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 12])
def test_a_jobs_pages_over_dropped_lines_give_each_line_once(cut: Task, limit: int) -> None:
    whole = shown(read_job(cut.job_id, Wanted()))
    forwards: list[str] = []
    page = read_job(cut.job_id, Wanted(), limit=limit)
    while page.lines:
        forwards += shown(page)
        page = read_job(cut.job_id, Wanted(), after=str(page.next), limit=limit)
    backwards: list[str] = []
    page = read_job(cut.job_id, Wanted(), tail=limit)
    while page.lines:
        backwards[:0] = shown(page)
        page = read_job(cut.job_id, Wanted(), before=str(page.previous), tail=limit)
    assert (forwards, backwards) == (whole, whole)


def test_what_was_dropped_counts_as_a_warning(cut: Task) -> None:
    assert shown(read_task(cut.id, 1, Wanted(level="warning"))) == ["90 lines dropped"]
    assert shown(read_task(cut.id, 1, Wanted(level="error"))) == []


def test_one_dropped_line_is_one_line(job: Job, settings: Any) -> None:
    settings.CONSOLE_LOG_LINES = 4
    write(by_key(job, "a"), *range(5))
    assert shown(read_task(by_key(job, "a").id, 1, Wanted())) == [
        "0", "1", "1 line dropped", "3", "4",
    ]  # fmt: skip


def test_thousands_of_dropped_lines_are_written_with_commas(job: Job, settings: Any) -> None:
    settings.CONSOLE_LOG_LINES = 4
    write(by_key(job, "a"), *range(2349))
    assert "2,345 lines dropped" in shown(read_task(by_key(job, "a").id, 1, Wanted()))


def test_the_log_of_another_job_is_not_read(cut: Task) -> None:
    assert read_job(make_job().id, Wanted()).lines == []

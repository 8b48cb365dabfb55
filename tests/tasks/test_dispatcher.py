from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.tasks import control
from apps.tasks.engines import slots
from apps.tasks.engines.dispatcher import Dispatcher
from apps.tasks.log_pages import Wanted, read_task
from apps.tasks.models import Attempt, Task
from apps.tenants.audit import SYSTEM
from apps.workers.models import Worker
from tests.tasks.jobs import by_key, ended, make_job, statuses, task
from tests.waiting import eventually

Start = Callable[..., Dispatcher]


def shell(key: str, script: str, **more: Any) -> dict[str, Any]:
    settings = {"engine_id": "test.shell", "config": {"script": script}, "max_retries": 0}
    return task(key, **(settings | more))


def pids(journal: Path) -> list[int]:
    return [int(line.split()[2]) for line in journal.read_text().splitlines()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{pid}/status").read_text()


def log_of(found: Task) -> list[str]:
    return [line["text"] for line in read_task(found.id, found.attempt, Wanted()).lines]


def test_a_job_runs_to_its_end(dispatch: Start) -> None:
    job = make_job(task("a", config={"output": 1}), task("b", "a", config={"echo": True}))
    dispatch()
    assert ended(job).status == "completed"
    assert by_key(job, "b").output == {"inputs": {"a": 1}, "parameters": {}, "files": {}}


def test_a_bell_wakes_the_dispatcher_at_once(dispatch: Start) -> None:
    dispatcher = dispatch()
    eventually(Worker.objects.exists)
    job = make_job()
    dispatcher.hear("test.a")
    assert ended(job, seconds=10).status == "completed"


def test_hosts_are_kept_for_the_next_task(dispatch: Start, journal: Path) -> None:
    job = make_job(task("a"), task("b", "a"), task("c", "b"))
    dispatch()
    ended(job)
    assert len(set(pids(journal))) == 1


def test_cancel_ends_a_running_process(dispatch: Start, journal: Path) -> None:
    job = make_job(task("a", config={"seconds": 60}))
    dispatch()
    (pid,) = eventually(lambda: pids(journal))
    control.cancel(job.id, SYSTEM)
    assert ended(job).status == "cancelled"
    assert not alive(pid)


def test_a_process_that_ignores_sigterm_is_killed(
    dispatch: Start, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "TERMINATE_SECONDS", 0.5)
    job = make_job(task("a", engine_id="test.stubborn"))
    dispatch()
    (pid,) = eventually(lambda: pids(journal))
    control.cancel(job.id, SYSTEM)
    assert ended(job).status == "cancelled"
    assert not alive(pid)


def test_cancel_ends_the_children_of_a_command(dispatch: Start, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    job = make_job(shell("a", f"sleep 60 & echo $! > {file}; wait"))
    dispatch()
    pid = eventually(lambda: int(file.read_text() or 0) if file.exists() else 0)
    control.cancel(job.id, SYSTEM)
    assert ended(job).status == "cancelled"
    assert not alive(pid)


def test_a_task_that_takes_too_long_is_timed_out(dispatch: Start) -> None:
    job = make_job(task("a", config={"seconds": 60}, timeout_seconds=0.5, max_retries=0))
    dispatch()
    assert ended(job).status == "failed"
    assert by_key(job, "a").error_code == "timeout"
    assert Attempt.objects.get().outcome == "timed_out"


def test_a_dead_host_is_a_loss_at_once_and_the_third_is_poison(dispatch: Start) -> None:
    job = make_job(task("a", config={"die": True}))
    dispatch()
    assert ended(job).status == "failed"
    assert by_key(job, "a").error_code == "poison"
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"lost"}


def test_an_engine_that_cannot_be_loaded_says_so(dispatch: Start) -> None:
    job = make_job(task("a", engine_id="test.broken", max_retries=0))
    dispatch()
    ended(job)
    assert "no_such_function" in (by_key(job, "a").error or "")


def test_a_program_that_is_not_there_fails_for_good(dispatch: Start) -> None:
    job = make_job(task("a", engine_id="test.missing"))
    dispatch()
    ended(job)
    assert "no-such-program cannot be started" in (by_key(job, "a").error or "")
    assert by_key(job, "a").attempt == 1


@pytest.mark.parametrize(
    ("script", "code", "error"),
    [
        ("echo bad luck >&2; exit 3", "exit_3", "bad luck"),
        ("echo not audio >&2; exit 65", "exit_65", "not audio"),
        ('echo "{" > $YARD_OUTPUT', "bad_output", "cannot be stored"),
        ('echo "[NaN]" > $YARD_OUTPUT', "bad_output", "cannot be stored"),
        ("head -c 1100000 /dev/zero > $YARD_OUTPUT", "bad_output", "larger than"),
    ],
)
def test_what_a_command_does_wrong_is_told(
    dispatch: Start, script: str, code: str, error: str
) -> None:
    job = make_job(shell("a", script))
    dispatch()
    assert ended(job).status == "failed"
    assert by_key(job, "a").error_code == code
    assert error in (by_key(job, "a").error or "")


def test_exit_65_is_not_retried(dispatch: Start) -> None:
    job = make_job(shell("a", "exit 65", max_retries=5))
    dispatch()
    ended(job)
    assert by_key(job, "a").attempt == 1


def test_a_command_leaves_output_files_and_log(dispatch: Start) -> None:
    script = 'echo hello; echo "{\\"n\\": 7}" > $YARD_OUTPUT; echo text > $YARD_FILES/out.txt'
    job = make_job(shell("a", script), task("b", "a", config={"read": True}))
    dispatch()
    assert ended(job).status == "completed"
    assert by_key(job, "a").output == {"n": 7}
    assert by_key(job, "b").output == {"a": {"out.txt": "text\n"}}
    assert log_of(by_key(job, "a")) == ["hello"]


def test_an_engine_sees_no_secrets(dispatch: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_KEY_PEPPER", "hush")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    job = make_job(shell("a", "env"))
    dispatch()
    ended(job)
    assert "hush" not in "\n".join(log_of(by_key(job, "a")))


def test_a_long_log_keeps_head_and_tail(dispatch: Start) -> None:
    job = make_job(task("a", config={"lines": 12_000}))
    dispatch()
    ended(job)
    page = read_task(by_key(job, "a").id, 1, Wanted(), limit=20_000)
    numbers = [line["n"] for line in page.lines]
    assert numbers[:5000] == list(range(1, 5001))
    assert numbers[5000:] == list(range(numbers[5000], 12_002))
    assert 5001 < numbers[5000] <= 7002


def test_a_very_long_line_is_cut_visibly(dispatch: Start) -> None:
    job = make_job(shell("a", "head -c 200000 /dev/zero | tr '\\0' x; echo; echo after"))
    dispatch()
    ended(job)
    first, second = log_of(by_key(job, "a"))
    assert first.endswith("[line cut]")
    assert second == "after"


def test_a_log_is_readable_while_the_task_runs(dispatch: Start) -> None:
    job = make_job(shell("a", "echo early; sleep 60"))
    dispatch()
    eventually(lambda: Task.objects.filter(status="running"))
    assert eventually(lambda: log_of(by_key(job, "a"))) == ["early"]
    control.cancel(job.id, SYSTEM)
    ended(job)


def test_progress_is_told_while_the_task_runs(dispatch: Start) -> None:
    job = make_job(shell("a", "echo ::progress 0.4; sleep 60"))
    dispatch()
    assert eventually(lambda: by_key(job, "a").progress) == 0.4
    control.cancel(job.id, SYSTEM)
    ended(job)


def test_a_stopping_worker_lets_short_work_finish(dispatch: Start, journal: Path) -> None:
    job = make_job(task("a", config={"seconds": 1}))
    dispatcher = dispatch(grace=15)
    eventually(lambda: pids(journal))
    dispatcher.stop()
    assert ended(job).status == "completed"


def test_a_stopping_worker_hands_long_work_back(dispatch: Start, journal: Path) -> None:
    job = make_job(task("a", config={"seconds": 60}))
    dispatcher = dispatch(grace=0.2)
    (pid,) = eventually(lambda: pids(journal))
    dispatcher.stop()
    eventually(lambda: statuses(job)["a"] == "ready")
    assert (by_key(job, "a").failures, by_key(job, "a").losses) == (0, 0)
    assert not alive(pid)


def test_a_retried_task_hands_on_only_its_latest_files(dispatch: Start) -> None:
    left = task("a", config={"leave": {"old.txt": "old"}})
    reader = task("b", "a", config={"final": True})
    job = make_job(left, reader)
    dispatch()
    assert ended(job).status == "failed"
    control.retry_task(job.id, by_key(job, "a").id, SYSTEM, {"leave": {"new.txt": "new"}})
    Task.objects.filter(job=job, key="b").update(config={"read": True})
    assert ended(job).status == "completed"
    assert by_key(job, "b").output == {"a": {"new.txt": "new"}}


@pytest.mark.parametrize("name", ["back\\slash.txt", "bell\a.txt"])
def test_a_file_name_nobody_could_store_fails_its_own_attempt_only(
    dispatch: Start, name: str
) -> None:
    bad = make_job(task("a", config={"leave": {name: "x"}}, max_retries=0))
    dispatch()
    assert ended(bad).status == "failed"
    assert by_key(bad, "a").error_code == "bad_output"
    assert ended(make_job()).status == "completed"


def test_a_program_that_obeys_sigterm_is_gone_before_the_grace_is_over(
    dispatch: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "TERMINATE_SECONDS", 60)
    job = make_job(shell("a", "sleep 300"))
    dispatch()
    eventually(lambda: Task.objects.filter(status="running"))
    control.cancel(job.id, SYSTEM)
    assert ended(job, seconds=15).status == "cancelled"


def test_an_engine_may_name_its_own_error_code(dispatch: Start) -> None:
    job = make_job(task("a", config={"final": True, "code": "no_audio"}))
    dispatch()
    ended(job)
    assert by_key(job, "a").error_code == "no_audio"

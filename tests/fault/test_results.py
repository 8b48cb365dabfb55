"""What the guide shows is what was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault import results

RUN = {
    "scenario": "kill", "db": "pg", "n": 2000, "seed": 0, "ok": True, "seconds": 90.0,
    "repeats": 7, "broken": [],
}  # fmt: skip


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "reliability.md"
    path.write_text(f"before\n{results.BEGIN}\n{results.END}\nafter\n")
    monkeypatch.setattr(results, "GUIDE", path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "reliability.json")
    return path


def test_the_guide_shows_what_was_recorded() -> None:
    text = results.GUIDE.read_text(encoding="utf-8")
    assert text == results.with_table(text, results.load())


def test_a_run_takes_the_place_of_the_last_of_its_kind(guide: Path) -> None:
    results.record(RUN, "ci")
    results.record(RUN | {"repeats": 3}, "ci")
    assert [run["repeats"] for run in results.load()] == [3]
    (run,) = results.load()
    where = f"{run['date']}, {results.machine()}"
    assert f"| kill | pg | ci | 2,000 | yes | 90 | {where} | repeats 3 |" in guide.read_text()


def test_a_soak_stands_beside_the_small_run(guide: Path) -> None:
    results.record(RUN, "soak")
    results.record(RUN, "ci")
    assert [run["size"] for run in results.load()] == ["ci", "soak"]
    assert guide.read_text().endswith("after\n")

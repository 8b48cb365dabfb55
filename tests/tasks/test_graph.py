"""A submission's tasks: what is accepted, what is refused and how it is named."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tasks import graph

ENGINES = {"echo", "shout"}


def parse(tasks: object) -> list[graph.TaskSpec]:
    return graph.parse(tasks, ENGINES, max_tasks=10_000, max_edges=50_000)


def task(key: object = "a", *depends_on: object, **fields: object) -> dict[str, object]:
    return {"key": key, "engine_id": "echo", "depends_on": list(depends_on), **fields}


def refused(tasks: object) -> list[tuple[str, str]]:
    with pytest.raises(graph.GraphError) as caught:
        parse(tasks)
    return [(error.attr, error.code) for error in caught.value.errors]


def sentence(tasks: object) -> str:
    with pytest.raises(graph.GraphError) as caught:
        parse(tasks)
    return str(caught.value)


def test_a_bare_task_gets_the_defaults() -> None:
    (spec,) = parse([{"key": "a", "engine_id": "echo"}])
    assert spec == graph.TaskSpec(
        key="a",
        engine_id="echo",
        stage=None,
        depends_on=(),
        required=True,
        config={},
        max_retries=2,
        timeout_seconds=None,
        priority=None,
    )


def test_every_field_is_read() -> None:
    full = task(
        "b",
        "a",
        stage="say",
        required=False,
        config={"x": [1]},
        max_retries=0,
        timeout_seconds=1,
        priority=-100,
    )
    assert parse([task(), full])[1] == graph.TaskSpec(
        "b",
        "echo",
        "say",
        ("a",),
        required=False,
        config={"x": [1]},
        max_retries=0,
        timeout_seconds=1.0,
        priority=-100,
    )


def test_null_stands_for_the_default_where_there_is_none() -> None:
    (spec,) = parse([task(stage=None, timeout_seconds=None, priority=None)])
    assert (spec.stage, spec.timeout_seconds, spec.priority) == (None, None, None)


def test_tasks_do_not_share_their_default_config() -> None:
    first, second = parse([task("a"), task("b")])
    assert first.config is not second.config


@pytest.mark.parametrize(
    ("tasks", "code"),
    [(None, "not_a_list"), ({}, "not_a_list"), ("a", "not_a_list"), ([], "empty")],
)
def test_something_else_than_a_list_of_tasks_is_refused(tasks: object, code: str) -> None:
    assert refused(tasks) == [("tasks", code)]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("key", 1, "invalid"),
        ("key", " ", "blank"),
        ("key", "k" * 201, "max_length"),
        ("key", "a\u202eb", "not_printable"),
        ("key", "a\nb", "not_printable"),
        ("engine_id", None, "invalid"),
        ("engine_id", "whisper", "unknown_engine"),
        ("engine_id", "e" * 101, "max_length"),
        ("stage", "", "blank"),
        ("stage", 7, "invalid"),
        ("depends_on", "b", "invalid"),
        ("depends_on", [1], "invalid"),
        ("depends_on", None, "invalid"),
        ("required", 1, "invalid"),
        ("config", [], "invalid"),
        ("config", {str(n): n for n in range(10_001)}, "too_many_keys"),
        ("max_retries", True, "invalid"),
        ("max_retries", 1.0, "invalid"),
        ("max_retries", -1, "out_of_range"),
        ("max_retries", 101, "out_of_range"),
        ("timeout_seconds", "1", "invalid"),
        ("timeout_seconds", False, "invalid"),
        ("timeout_seconds", 0, "out_of_range"),
        ("timeout_seconds", 604_801, "out_of_range"),
        ("timeout_seconds", float("nan"), "out_of_range"),
        ("priority", 101, "out_of_range"),
        ("priority", -101, "out_of_range"),
        ("command", "rm", "unknown_field"),
    ],
)
def test_a_bad_field_is_named(field: str, value: object, code: str) -> None:
    assert refused([task("first"), {**task("second"), field: value}]) == [
        (f"tasks.1.{field}", code)
    ]


def test_missing_fields_are_named() -> None:
    assert refused([{}]) == [("tasks.0.engine_id", "required"), ("tasks.0.key", "required")]


def test_a_task_that_is_no_object_is_named() -> None:
    assert refused([task(), 7]) == [("tasks.1", "invalid")]


def test_wrong_keys_and_edges_are_all_named() -> None:
    tasks = [task("a", "x"), task("a"), task("b", "b"), task("c", "a", "a")]
    assert refused(tasks) == [
        ("tasks.1.key", "duplicate_key"),
        ("tasks.0.depends_on", "unknown_dependency"),
        ("tasks.2.depends_on", "self_dependency"),
        ("tasks.3.depends_on", "duplicate_dependency"),
    ]


def test_errors_name_the_tasks() -> None:
    assert '"ghost"' in sentence([task("a", "ghost")])
    assert '"whisper"' in sentence([task(engine_id="whisper")])


def test_a_cycle_is_drawn() -> None:
    tasks = [task("start"), task("a", "start", "c"), task("b", "a"), task("c", "b"), task("d", "c")]
    assert sentence(tasks) == (
        'tasks.1.depends_on: These tasks wait for each other in a circle: "a" → "c" → "b" → "a".'
    )


def test_a_long_cycle_is_cut() -> None:
    tasks = [task(str(n), str((n + 1) % 100)) for n in range(100)]
    assert "… 88 more …" in sentence(tasks)


def test_a_long_name_is_cut_in_sentences() -> None:
    assert len(sentence([task("a", "x" * 200)])) < 150


def test_no_more_than_twenty_errors_are_listed() -> None:
    assert len(refused([{}] * 50)) == graph.MOST_ERRORS


def test_a_hundred_thousand_tasks_are_refused_at_once() -> None:
    tasks: list[object] = [{}] * 100_000
    started = time.process_time()
    assert refused(tasks) == [("tasks", "too_many_tasks")]
    assert time.process_time() - started < 1


def test_too_many_edges_are_refused() -> None:
    tasks = [task("a"), 7, task("b", *(["a"] * 50_001))]
    assert refused(tasks) == [("tasks", "too_many_edges")]


def test_ten_thousand_tasks_with_fifty_thousand_edges_are_fast() -> None:
    tasks = [
        task(str(n), *(str(n - back) for back in range(1, 6) if n >= back)) for n in range(10_000)
    ]
    started = time.process_time()
    specs = parse(tasks)
    assert graph.depths(specs)["9999"] == 9_999
    assert time.process_time() - started < 5


# Against the obvious way ------------------------------------------------------------------------

Edges = dict[int, set[int]]
edges_of_small_graphs = st.integers(1, 7).flatmap(
    lambda size: st.fixed_dictionaries(
        {node: st.sets(st.integers(0, size - 1)) for node in range(size)}
    )
)


def reaches(edges: Edges, start: int) -> set[int]:
    found: set[int] = set()
    waiting = list(edges[start])
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(edges[node])
    return found


def longest_way(edges: Edges, node: int) -> int:
    return max((longest_way(edges, other) + 1 for other in edges[node]), default=0)


def as_tasks(edges: Edges) -> list[dict[str, Any]]:
    return [task(str(node), *map(str, sorted(others))) for node, others in edges.items()]


@given(edges_of_small_graphs)
def test_exactly_the_graphs_without_a_cycle_are_accepted(edges: Edges) -> None:
    if any(node in reaches(edges, node) for node in edges):
        assert {code for _, code in refused(as_tasks(edges))} <= {"cycle", "self_dependency"}
    else:
        depths = graph.depths(parse(as_tasks(edges)))
        assert depths == {str(node): longest_way(edges, node) for node in edges}


@given(edges_of_small_graphs)
def test_a_drawn_cycle_is_one(edges: Edges) -> None:
    edges = {node: others - {node} for node, others in edges.items()}
    if any(node in reaches(edges, node) for node in edges):
        drawn = sentence(as_tasks(edges)).split("circle: ")[1].rstrip(".")
        steps = [int(name.strip('"')) for name in drawn.split(" → ")]
        assert steps[0] == steps[-1]
        assert all(after in edges[before] for before, after in pairwise(steps))

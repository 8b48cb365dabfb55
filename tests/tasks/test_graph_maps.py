"""Maps in a submission: what is accepted, what is refused and how it is named."""

from __future__ import annotations

from typing import Any

import pytest

from apps.tasks import graph
from apps.tasks.fields import MapSpec
from tests.tasks.test_graph import ENGINES, parse, refused, task


def mapped(key: str = "each", over: object = "a", *depends_on: str, **spec: object) -> Any:
    return task(key, *depends_on, map={"over": over, **spec})


def test_a_map_has_a_path_and_a_limit() -> None:
    full, bare = parse([task(), mapped(path="x.y", max=10_000), mapped("other")])[1:]
    assert full.map == MapSpec("a", "x.y", 10_000)
    assert bare.map == MapSpec("a", "", 1000)


def test_a_null_map_is_none() -> None:
    assert parse([task(map=None)])[0].map is None


def test_a_mapped_task_depends_on_what_it_maps_over() -> None:
    specs = parse([task(), task("b"), mapped("c", "a", "b"), mapped("d", "a", "b", "a")])
    assert [spec.depends_on for spec in specs[2:]] == [("b", "a"), ("b", "a")]


@pytest.mark.parametrize(
    ("spec", "attr", "code"),
    [
        ([], "map", "invalid"),
        ("a", "map", "invalid"),
        ({}, "map.over", "required"),
        ({"over": None}, "map.over", "invalid"),
        ({"over": " "}, "map.over", "blank"),
        ({"over": "a", "path": 1}, "map.path", "invalid"),
        ({"over": "a", "path": "x..y"}, "map.path", "invalid"),
        ({"over": "a", "path": "."}, "map.path", "invalid"),
        ({"over": "a", "path": "x" * 201}, "map.path", "invalid"),
        ({"over": "a", "path": "x\n"}, "map.path", "invalid"),
        ({"over": "a", "max": "9"}, "map.max", "invalid"),
        ({"over": "a", "max": 0}, "map.max", "out_of_range"),
        ({"over": "a", "max": 10_001}, "map.max", "out_of_range"),
        ({"over": "a", "items": 1}, "map.items", "unknown_field"),
        ({"over": "ghost"}, "map.over", "unknown_dependency"),
        ({"over": "each"}, "map.over", "self_dependency"),
    ],
)
def test_a_bad_map_is_named(spec: object, attr: str, code: str) -> None:
    assert refused([task(), task("each", map=spec)]) == [(f"tasks.1.{attr}", code)]


def test_a_cycle_through_a_map_names_it() -> None:
    assert refused([mapped("a", "b"), task("b", "a")]) == [("tasks.0.map.over", "cycle")]


def test_the_keys_of_instances_must_be_free() -> None:
    tasks = [task(), mapped(), task("each[0]"), task("each[x]"), task("a[0]")]
    assert refused(tasks) == [("tasks.2.key", "duplicate_key")]


def test_the_key_of_a_mapped_task_leaves_room_for_those_of_instances() -> None:
    assert parse([task(), mapped("k" * 194)])
    assert refused([task(), mapped("k" * 195)]) == [("tasks.1.key", "max_length")]


def test_what_a_map_adds_counts_as_an_edge() -> None:
    tasks = [task("a"), mapped("b", "a"), mapped("c", "a")]
    with pytest.raises(graph.GraphError, match="at most 1 edges, not 2"):
        graph.parse(tasks, ENGINES, max_tasks=10, max_edges=1)

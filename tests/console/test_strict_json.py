"""The JSON gate: what could not be stored and shown again never comes in."""

from __future__ import annotations

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants import strict_json
from apps.tenants.strict_json import StrictJsonError


def loads(text: str | bytes) -> object:
    raw = text.encode() if isinstance(text, str) else text
    return strict_json.loads(raw, max_bytes=2_500_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "Infinity",
        "1e999",
        "[-1e999]",
        '"\\ud800"',
        '"\\u0000"',
        '{"a\\u0000": 1}',
        "18446744073709551616",
        "[-9223372036854775809]",
        "1" * 5000,
        "[" * 33 + "]" * 33,
        "[" * 100_000 + "]" * 100_000,
        "[" + "1," * 500_000 + "1]",
        b'"\xff"',
        b'\xef\xbb\xbf"bom"',
        '{"a": ' + "[" * 1000 + "]" * 1000 + ', "a": 1}',
    ],
)
def test_what_cannot_be_kept_is_refused(text: str | bytes) -> None:
    with pytest.raises(StrictJsonError):
        loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "18446744073709551615",
        "-9223372036854775808",
        "1e20",
        "12345678901234567890123.5",
        '"\\\\u0000"',
        '"\\ud83d\\ude00"',
        "[" * 32 + "]" * 32,
        '{"a": {"b": [1, 2.5, true, null, "x"]}}',
    ],
)
def test_what_can_be_kept_passes_unchanged(text: str) -> None:
    assert loads(text) == orjson.loads(text)


def test_the_field_that_is_wrong_is_named() -> None:
    with pytest.raises(StrictJsonError) as caught:
        loads('{"name": "x", "parameters": {"deep": ["\\u0000"]}}')
    assert caught.value.attr == "parameters"


def test_a_text_above_its_limit_is_not_parsed() -> None:
    with pytest.raises(StrictJsonError, match="larger than 3 bytes"):
        strict_json.loads(b"[[[[", max_bytes=3)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("-inf"),
        2**64,
        -(2**63) - 1,
        "\0",
        "\ud800",
        {"a\0": 1},
        {1: 2},
        {"a": {("b",): 2}},
        (1, 2),
        b"bytes",
        object(),
    ],
)
def test_a_value_made_elsewhere_meets_the_same_rules(value: object) -> None:
    with pytest.raises(StrictJsonError):
        strict_json.check([value])
    with pytest.raises(StrictJsonError):
        strict_json.check({"field": value})


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(StrictJsonError, match="deeper"):
        strict_json.check(value)


def test_a_value_that_shares_its_parts_is_counted_in_full() -> None:
    value: list[object] = [0] * 1000
    for _ in range(6):
        value = [value] * 1000
    with pytest.raises(StrictJsonError, match="values"):
        strict_json.check(value)


def test_too_many_keys_are_refused_however_they_are_nested() -> None:
    strict_json.check_keys({"a": [{str(n): n for n in range(9_999)}]}, "config")
    with pytest.raises(StrictJsonError) as caught:
        strict_json.check_keys({"a": [{str(n): n for n in range(10_000)}]}, "config")
    assert caught.value.attr == "config"


@pytest.mark.parametrize("item", [b'{"key": "abcdef", "n": 12345}', b"12.5", b'"twelve"', b"null"])
def test_a_full_body_passes_in_a_moment(item: bytes) -> None:
    raw = b"[" + b",".join([item] * min(2_400_000 // (len(item) + 1), 160_000)) + b"]"
    started = time.process_time()
    loads(raw)
    assert time.process_time() - started < 3  # 0.3 s; what grows with the square takes minutes


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=20,
)


@given(json_values)
def test_what_passes_comes_out_as_it_went_in(value: object) -> None:
    strict_json.check(value)
    assert loads(orjson.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"a": 1, "b": 2, "a": 1}', "a"),
        ('{"a": [{"x": {}}, {"x": {"b": 1, "b": 2}}]}', "b"),
        ('{"a": 1, "\\u0061": 2}', "a"),
        ('{"a": ' + "1" * 300 + ', "a": 2}', "a"),
        ('{"a": "x:y", "a": "z"}', "a"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_name(text: str, name: str) -> None:
    with pytest.raises(StrictJsonError) as refused:
        loads(text)
    assert refused.value.attr == name


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2}]', '{"a": "b: c: d", "e:": {"a": ":"}}'])
def test_colons_and_equal_keys_of_different_objects_are_fine(text: str) -> None:
    assert loads(text) == orjson.loads(text)

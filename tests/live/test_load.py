"""Many sockets that are cut again and again miss nothing; the large sizes are a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.viewers import missing, viewers, watch

if TYPE_CHECKING:
    from tests.consoles import Console

pytestmark = pytest.mark.system


def test_sockets_that_are_cut_miss_nothing_and_see_nothing_twice(console: Console) -> None:
    seen = viewers(console, 60)
    last = watch(console, seen, steps=20, pause=0.3, cuts=0.1)
    assert missing(seen, last) == (0, 0)
    assert sum(viewer.opened for viewer in seen) > len(seen)

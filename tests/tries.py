"""How often a property is tried: a few times by `make test`, the same ones everywhere, and often by `make exam`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy


def tries(few: int, many: int) -> pytest.MarkDecorator:
    """Give a test `tries`, to be handed to `hold`."""
    return pytest.mark.parametrize("tries", [few, pytest.param(many, marks=pytest.mark.exam)])


def hold(tries: int, holds: Callable[..., None], *examples: SearchStrategy[Any]) -> None:
    """Whether it holds for that many examples. Raises what it raises, with the smallest one."""
    settings(max_examples=tries, database=None)(given(*examples)(holds))()

"""jailpf.declare.foreign: what fails in a plugin is told by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.declare.foreign import foreign, guarded
from jailpf.errors import NoJailError, Place, PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Odd:
    """An object of a plugin."""

    word = "odd"

    def fails(self) -> None:
        raise KeyError("x")

    def fails_later(self) -> Iterator[int]:
        yield 1
        raise ValueError("later")

    def answers(self, number: int) -> int:
        return number + 1

    def knows_nobody(self) -> None:
        raise NoJailError("nobody")


def test_a_failure_is_named_and_has_a_place() -> None:
    """Plugin, what it was asked for, exception and declaration; the exception itself is kept for -v."""
    with pytest.raises(PluginError) as caught, foreign("country", "render() for web", Place("web.toml", 3, 1)):
        raise ZeroDivisionError("division\nby zero")
    (problem,) = caught.value.problems
    assert str(problem).startswith(
        "web.toml:3:1: the plugin 'country' failed in render() for web: ZeroDivisionError: division by zero;"
    )
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.status == 78


def test_our_own_mistakes_stay_ours() -> None:
    """Without an owner nothing is dressed up: that is a bug of jailpf."""
    with pytest.raises(ZeroDivisionError), foreign("", "render()"):
        raise ZeroDivisionError


def test_a_plugin_cannot_leave_the_program() -> None:
    """sys.exit() in a plugin is a failure of the plugin."""
    with pytest.raises(PluginError, match="SystemExit"), foreign("country", "render()"):
        raise SystemExit(0)


def test_an_object_of_a_plugin_is_called_within_foreign() -> None:
    """Also what a generator raises while it is read; attributes, answers and jailpf's own errors come through."""
    odd = guarded(Odd(), "country")
    assert isinstance(odd, Odd)
    assert (odd.word, odd.answers(1)) == ("odd", 2)
    with pytest.raises(PluginError, match=r"the plugin 'country' failed in Odd\.fails: KeyError"):
        odd.fails()
    with pytest.raises(PluginError, match=r"Odd\.fails_later: ValueError: later"):
        odd.fails_later()
    with pytest.raises(NoJailError):
        odd.knows_nobody()
    assert type(guarded(Odd(), "")) is Odd

"""What a rule type may ask its context for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.declare.ways import RenderError
from jailpf.plugin import Context, Host, Jail, Rule, RuleType, TableName, hookimpl, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", fullmatch=True)
PREFIXES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,19}", fullmatch=True)
pytest_plugins = ["jailpf.testing"]


def _context(name: str) -> Context:
    return Context(jail=Jail(name="web"), host=Host(ext_if=()), name=name, tag_in="in", tag_out="out")


@given(PREFIXES, NAMES, NAMES)
def test_a_table_of_ones_own_has_a_name_that_pf_takes(prefix: str, name: str, other: str) -> None:
    """Whatever the declaration is called: at most 31 bytes, the same each time, another for another name."""
    found = _context(name).table_name(prefix)
    assert TableName.parse(str(found)) == found == _context(name).table_name(prefix)
    assert found.startswith(prefix + "_")
    assert (found == _context(other).table_name(prefix)) is (name == other)


@pytest.mark.parametrize("prefix", ["", "1a", "a-b", "a" * 21, "<a>"])
def test_what_cannot_begin_the_name_of_a_table_is_refused(prefix: str) -> None:
    """A mistake of the author, said as such."""
    with pytest.raises(ValueError, match="cannot begin the name of a table"):
        _context("web").table_name(prefix)


class Elsewhere(RuleType):
    """Looks for another jail."""

    keyword = "elsewhere"
    scope = "jail"
    wanted: bool = key(bool, "Whether to look.", default=True)

    def render(self, context: Context) -> Iterator[Rule]:
        """One rule for each address of the other jail."""
        for address in context.find_jail(context.name).addresses:
            yield Rule(action="pass", quick=True, family=address.family)


class Plugin:
    """A plugin can be any object with hooks."""

    @hookimpl
    def jailpf_rule_types(self) -> list[type[RuleType]]:
        return [Elsewhere]


class TestOtherJails:
    """Context.find_jail."""

    @pytest.fixture
    def plugins(self) -> list[object]:
        return [Plugin()]

    def test_another_jail_is_found_by_its_name(
        self, jail: Callable[..., object], render: Callable[..., str], problems: Callable[..., list[str]]
    ) -> None:
        """Its addresses are those that its manager knows; one that nobody knows is an error with a place."""
        jail("[service.x]\nport = 1\n", name="other", ip6="")
        assert render("[elsewhere.other]\n").splitlines()[0].startswith("pass quick inet all")
        assert problems("[elsewhere.nobody]\n")[0].startswith("web.toml:1:")

    def test_without_managers_there_is_nothing_to_ask(self) -> None:
        """A context that was made by hand finds no jail, and says so."""
        with pytest.raises(RenderError, match="no adapter can look up"):
            _context("web").find_jail("other")

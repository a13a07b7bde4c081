"""The tutorial for authors, followed to the letter."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jailpf import plugin
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.testing import SimulatedJail, Traffic

pytest_plugins = ["jailpf.testing"]
PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-plugin.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def _module(text: str) -> Any:
    module = types.ModuleType("from_the_docs")
    exec(compile(text, str(PAGE), "exec", dont_inherit=True), vars(module))
    return module


@pytest.fixture
def plugins() -> list[object]:
    return [_module(BLOCKS[0])]


def test_the_tutorials_plugin_passes_the_tutorials_test(
    jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]
) -> None:
    """What section 2 says is a plugin, and section 4 says is true of it."""
    test = _module(BLOCKS[2])
    test.test_some_are_blocked(jail, traffic)


def test_a_rule_type_with_keys_takes_at_most_15_lines() -> None:
    """From `class` to its last line, blank ones not counted."""
    body = BLOCKS[0][BLOCKS[0].index("class ") : BLOCKS[0].index("@hookimpl")]
    assert len([line for line in body.splitlines() if line.strip()]) <= 15


def test_the_example_of_the_door_works(tmp_path: Path) -> None:
    """The class in the docstring of jailpf.plugin renders a block rule above the pass rule."""
    text = "\n".join(line[4:] for line in (plugin.__doc__ or "").splitlines() if line.startswith("    "))
    host = SimulatedHost(tmp_path / "host", plugins=[_module("from jailpf.plugin import *\n" + text)])
    lines = host.render('[service.web]\nport = 80\nkeep_away = { from = "192.0.2.0/24" }').splitlines()
    rules = [line for line in lines if line.startswith(("block", "pass"))]
    assert rules[0] == "block in quick inet from 192.0.2.0/24 to 10.0.0.2"


class TestEveryKindOfKey:
    """Section 3 of the tutorial: what its keys take, and what its mistakes look like."""

    @pytest.fixture
    def plugins(self) -> list[object]:
        module = _module(BLOCKS[1])
        # The page leaves render() out; it stands in section 2.
        module.Polite.render = lambda self, context: iter(())
        module.jailpf_rule_types = plugin.hookimpl(lambda: [module.Polite])
        return [module]

    @pytest.mark.parametrize(
        ("keys", "found"),
        [
            ('how = "shout"', '\'shout\' is not one of "block", "log"'),
            ('names = ["a", "-"]', "'-' is not a name"),
            ("window = 3", "is a table, not a number"),
            ("window = { first = 9 }", "has no 'last'; add last = ..."),
            ("window = { first = 9, last = 8 }", "3:41: the window closes before it opens; write a later hour"),
            ("window = { first = 9, lst = 8 }", "did you mean 'last'?"),
            ('rate = "5"', "'5' is not a rate"),
        ],
    )
    def test_mistakes_have_a_place(self, problems: Callable[..., list[str]], keys: str, found: str) -> None:
        """Each kind of key is checked, tables in tables included."""
        said = problems(f"[service.web]\nport = 80\npolite = {{ {keys} }}\n")
        assert any(found in line and line.startswith("web.toml:3:") for line in said), said

    def test_sound_keys_are_taken(self, problems: Callable[..., list[str]]) -> None:
        """A list and a single value, a table in a table, choices and defaults; only the missing rules are said."""
        keys = 'how = "log", names = "a", rate = "1/2", loud = true, window = { first = 9, last = 17 }'
        assert problems(f"[service.web]\nport = 80\npolite = {{ {keys} }}\n") == [
            "web.toml:3:10: [service.web.polite] polite: this produces no rule: it returned none"
        ]


def test_what_cannot_be_a_key_is_refused_at_import() -> None:
    """An author hears of a wrong declaration when the module is imported, not when a file is read."""
    with pytest.raises(TypeError, match="is not the type of a key"):
        plugin.key(str, "Free text.")
    with pytest.raises(TypeError, match="is not the type of a key"):
        plugin.key(int, "Not a value class.")
    with pytest.raises(TypeError, match="is a tuple"):
        plugin.key(plugin.Port, "Many.", many=True, default=[])
    with pytest.raises(TypeError, match="is not a keyword"):
        type("Bad", (plugin.RuleType,), {"keyword": "Not-A-Word"})
    with pytest.raises(TypeError, match='"service" or "jail"'):
        type("Bad", (plugin.RuleType,), {"keyword": "bad", "scope": "host"})

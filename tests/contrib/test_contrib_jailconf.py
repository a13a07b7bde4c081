"""contrib/jail.conf/: the examples keep to the syntax of jail.conf(5) and to the hook lines of jailpf."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from contrib_standins import CONTRIB

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = sorted((CONTRIB / "jail.conf").glob("*.conf"))
HOOK = re.compile(r'(\S+) *\+= "/usr/local/bin/jailpf-hook (\w+) \$name"')


def statements(path: Path) -> list[str]:
    """The statements without comments; braces count as statements."""
    text = re.sub(r"(?m)^\s*#.*$", "", path.read_text())
    text = re.sub(r"([{}])", r"\1;", text)
    return [" ".join(part.split()) for part in text.split(";") if part.strip()]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_each_hook_line_adds_one_command_and_leaves_others(path: Path) -> None:
    hooks = [match.groups() for part in statements(path) if (match := HOOK.fullmatch(part))]
    assert hooks == [
        ("exec.prepare", "prestart"),
        ("exec.created", "created"),
        ("exec.poststop", "poststop"),
    ]
    assert sum("jailpf" in part for part in statements(path)) == len(hooks)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_is_well_formed(path: Path) -> None:
    parts = statements(path)
    assert sum(part.endswith("{") for part in parts) == parts.count("}")
    word = r'("[^"]*"|[A-Za-z0-9_.$]+)'
    for part in parts:
        assert re.fullmatch(rf"(\w+ \{{|\}}|[a-z.0-9]+( \+?= {word})?)", part), part
    assert path.read_bytes().endswith(b"\n")
    assert path.read_text().isascii()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_nothing_takes_a_hook_away_that_others_added(path: Path) -> None:
    assert not [
        part for part in statements(path) if re.match(r"exec\.(prestart|created|poststart|prestop|poststop) =", part)
    ]

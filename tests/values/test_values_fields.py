"""jailpf.values.fields: rules and tables look at their own fields when they are made."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from jailpf.errors import Place
from jailpf.model import Rule, StateOptions, Table
from jailpf.values import Count, Family, Interface, Member, Peer, Port, Protocol

GOOD = Rule(
    action="pass", direction="in", family="inet", proto=Protocol.parse("tcp"), on=(Interface("em0"),), source=(Peer.parse("any"),),
    port=(Port(80, 80),), state=StateOptions(max=Count(3)), labels=("a",), place=Place("web.toml", 1, 1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"proto": "tcp"}, "Rule.proto takes Protocol or None, not 'tcp'; write Protocol.parse('tcp')"),
        ({"action": "drop"}, 'Rule.action takes "nat", "binat", "rdr", "pass" or "block", not \'drop\''),
        ({"direction": "both"}, 'Rule.direction takes "", "in" or "out", not \'both\''),
        ({"port": (80,)}, "Rule.port takes a tuple of Port, not (80,); write (Port.parse(80),)"),
        ({"on": "em0"}, "Rule.on takes a tuple of Interface, not 'em0'; write (Interface.parse('em0'),)"),
        ({"source": [Peer.parse("any")]}, "Rule.source takes a tuple of Peer"),
        ({"quick": 1}, "Rule.quick takes True or False, not 1"),
        ({"labels": (1,)}, "Rule.labels takes a tuple of text, not (1,)"),
        ({"state": {"max": 3}}, "Rule.state takes StateOptions or None"),
    ],
)  # fmt: skip
def test_a_field_of_a_wrong_type_is_named(wrong: dict[str, Any], said: str) -> None:
    """Class, field, what it takes, what it was given, and what to write where that can be told."""
    with pytest.raises(TypeError) as caught:
        replace(GOOD, **wrong)
    assert str(caught.value).startswith(said)


def test_tables_and_state_options_look_too() -> None:
    """All three classes that plugins make."""
    assert Table(name="a", addresses=(Member.parse("192.0.2.1"),))
    with pytest.raises(TypeError, match=r"Table\.addresses takes a tuple of Member or None"):
        Table(name="a", addresses=("192.0.2.1",))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"StateOptions\.max takes Count or None"):
        StateOptions(max="5")  # type: ignore[arg-type]


@pytest.mark.parametrize("cls", [Rule, Table, StateOptions])
def test_no_field_takes_anything(cls: type) -> None:
    """An object() fits nowhere: every annotation is understood."""
    base = {"action": "pass"} if cls is Rule else {"name": "a"} if cls is Table else {}
    for field in fields(cls):
        with pytest.raises(TypeError, match=field.name):
            cls(**{**base, field.name: object()})


def test_families() -> None:
    """Family is one of two words."""
    family: Family = "inet6"
    assert replace(GOOD, family=family).family == "inet6"

"""What becomes of a text: compiled on a host of one card, for a jail of both address families."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.compile.whole import compile_jail
from jailpf.declare import toml
from jailpf.declare.host import Host
from jailpf.declare.services import read
from jailpf.declare.settings import Settings
from jailpf.errors import DeclarationError
from jailpf.lifecycle.jails import Jails
from jailpf.model import Jail
from jailpf.plugin import Interface, RuleType, hookimpl
from jailpf.registry import build
from jailpf.values import Address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.model import Ruleset

HOST = Host(ext_if=(Interface("em0"),))
SETTINGS = Settings(file="/etc/jailpf.toml", adapters=(), host=HOST)
WEB = Jail(name="web", addresses=(Address.parse("10.0.0.2"), Address.parse("fd00::2")))


def compiled(
    text: str, *types: type[RuleType], jail: Jail = WEB, extra: Iterable[Any] = (), **settings: Any
) -> Ruleset:
    """What becomes of a text, with more rule types."""

    class Plugin:
        @hookimpl
        def jailpf_rule_types(self) -> Iterable[type[RuleType]]:
            return types

    registry = build()
    registry.add(Plugin(), "test")
    chosen = replace(SETTINGS, **settings)
    services = read(toml.parse(text, "web.toml"), registry.rule_types, chosen)
    return compile_jail(jail, services, Jails(chosen, registry), extra)


def problems(text: str, *types: type[RuleType], **what: Any) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        compiled(text, *types, **what)
    return list(map(str, caught.value.problems))


def lines(ruleset: Ruleset) -> list[str]:
    return [line for anchor in ruleset.anchors for line in anchor.text.splitlines()]

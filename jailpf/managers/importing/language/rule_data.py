"""Statements of pf.conf(5) as data: rules and tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jailpf.values import Port


@dataclass(frozen=True, slots=True, kw_only=True)
class PfRule:
    """One rule. Peers are words as written; () means any. target_port: () unchanged; wide: the range runs along (`:*`);
    loose: the word `port` is missing behind `->`, which pfctl refuses; tells: `block return`; state: what is kept of a
    connection instead of "keep"; deals, sticky: how several targets share the work; reply_to, route_to: (card, gateway);
    log: as a declaration says it."""

    action: str
    passes: bool = False
    direction: str = ""
    log: Any = False
    quick: bool = False
    on: tuple[str, ...] = ()
    family: str = ""
    proto: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    source_port: tuple[Port, ...] = ()
    to: tuple[str, ...] = ()
    port: tuple[Port, ...] = ()
    target: tuple[str, ...] = ()
    target_port: Port | None = None
    wide: bool = False
    static_port: bool = False
    limits: dict[str, str] = field(default_factory=dict)
    overload: str = ""
    synproxy: bool = False
    messages: tuple[str, ...] = ()
    tag: str = ""
    tagged: str = ""
    loose: bool = False
    tells: bool = False
    state: str = ""
    deals: str = ""
    sticky: bool = False
    reply_to: tuple[str, str] = ("", "")
    route_to: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PfTable:
    """A table's definition. addresses: None without a list."""

    name: str
    addresses: tuple[str, ...] | None = None
    files: tuple[str, ...] = ()
    persist: bool = False
    const: bool = False
    counters: bool = False

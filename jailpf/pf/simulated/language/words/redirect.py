"""A pool as it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.words.ports import Range

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.words.interfaces import Node
    from jailpf.pf.simulated.rules.rule import Family


@dataclass
class Redirect:
    """A pool as written."""

    nodes: list[Node]
    port: Range = Range(0)
    type: str = ""
    key: str = ""
    static_port: bool = False
    sticky: bool = False
    endpoint_independent: bool = False
    ipv6_nexthop: bool = False
    map_e: tuple[int, int, int] | None = None
    family: Family = ""
    binat: bool = False
    options: bool = False  # whether any were said
    seen: set[str] = field(default_factory=set)

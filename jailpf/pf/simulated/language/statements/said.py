"""What the options of a filter rule say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.statements.scrub import ScrubOptions
    from jailpf.pf.simulated.language.words.icmp import Icmp
    from jailpf.pf.simulated.language.words.redirect import Redirect
    from jailpf.pf.simulated.language.words.written import Interface, Item
    from jailpf.pf.simulated.rules.rule import Ids


@dataclass
class Options:
    """What the options of a rule say. `keep` is None when no word about states was said."""

    said: bool = False
    users: list[Ids] = field(default_factory=list)
    groups: list[Ids] = field(default_factory=list)
    flags: tuple[int, int] | None = None
    icmp: list[Icmp] | None = None
    prio: int | None = None
    tos: int | None = None
    keep: tuple[str, list[Item]] | None = None
    ridentifier: int = 0
    fragment: bool = False
    allow_opts: bool = False
    labels: list[str] = field(default_factory=list)
    queue: tuple[str, str] | None = None
    dummynet: tuple[str, int, int] | None = None
    tag: str = ""
    tagged: tuple[str, bool] = ("", False)
    received_on: Interface | None = None
    probability: int = 0
    rtable: int | None = None
    divert_to: int = 0
    scrub: ScrubOptions | None = None
    nat: Redirect | None = None
    rdr: Redirect | None = None
    af_to: bool = False
    max_pkt_rate: tuple[int, int] | None = None
    max_pkt_size: int = 0
    set_prio: tuple[int, int] | None = None
    set_tos: int | None = None

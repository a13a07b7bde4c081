"""Peers: what stands behind `from` and `to`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from jailpf.values import near
from jailpf.values.address import Address, Family, Network
from jailpf.values.base import text
from jailpf.values.names import INTERFACE, Interface, TableName

_DYNAMIC = re.compile(rf"\(({INTERFACE})(:0|:network|:broadcast|:network:0)?\)", re.ASCII)
_BARE = re.compile(rf"{INTERFACE}(:[a-z0-9]+)?", re.ASCII)


class BareWordError(ValueError):
    """A word alone: a table, a jail or an interface. Who knows which of them there are says what must be written."""

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(
            f'{word!r} is not an address; a table is written "<{word}>", the addresses of an interface "({word})", '
            f'its first one "({word.split(":")[0]}:0)"'
        )


@dataclass(frozen=True, slots=True)
class Peer:
    """ "any", an address, a network, a "<table>" or the addresses of an interface "(em0:0)"; "!" negates all but any.

    A jail by name, or "host", is a Party: pf never sees it, its addresses stand in the rules.
    """

    kind: Literal["any", "network", "table", "interface", "jail", "host"]
    word: str
    negated: bool = False
    network: Network | None = None

    @classmethod
    def parse(cls, raw: object) -> Peer:
        """From text. Raises ValueError; a bare interface is refused because pf freezes its addresses of load time."""
        whole = text(raw, "an address or <table>")
        if (cls, whole) not in _known:
            _known[cls, whole] = _parse(cls, whole)
        return _known[cls, whole]

    @classmethod
    def of(cls, what: object) -> Peer:
        """The peer that an Address or Network is."""
        return cls.parse(str(what))

    @property
    def family(self) -> Family | None:
        """The one family that it has, or None: either."""
        return self.network.family if self.network else None

    def holds(self, address: Address) -> bool:
        """Whether it is the address, or a network of it; False where only pf knows."""
        return self.network is not None and not self.negated and Network.parse(str(address)).within(self.network)

    def meets(self, other: Peer) -> bool:
        """Whether an address might be both; True where only pf knows."""
        if self.word == other.word and self.kind != "any":
            return self.negated == other.negated
        mine, theirs = self.network, other.network
        if mine is None or theirs is None or (self.negated and other.negated):
            return True
        if self.negated == other.negated or mine.family != theirs.family:
            return mine.family == theirs.family and (self.negated or mine.net.overlaps(theirs.net))
        inner, outer = (theirs, mine) if self.negated else (mine, theirs)
        return not inner.within(outer)

    @property
    def table(self) -> str:
        """The table's name without brackets, or ""."""
        return self.word[1:-1] if self.kind == "table" else ""

    @property
    def interface(self) -> str:
        """The interface whose addresses these are, or ""."""
        return self.word[1:-1].split(":")[0] if self.kind == "interface" else ""

    @property
    def jail(self) -> str:
        """The name or pattern of jails, or ""."""
        return self.word[5:] if self.kind == "jail" else ""

    @property
    def indoors(self) -> bool:
        """Whether it is a jail by name, or the host itself."""
        return self.kind in ("jail", "host")

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Text, with examples."""
        return {"type": "string", "examples": ["any", "192.0.2.0/24", "<table>", "(em0:0)"]}

    def __str__(self) -> str:
        return ("! " if self.negated else "") + self.word


_known: dict[tuple[type[Peer], str], Peer] = {}
"""A host of a thousand jails names the same few peers in every rule."""


def _parse(cls: type[Peer], whole: str) -> Peer:
    negated = whole.startswith("!")
    word = whole.lstrip("!").strip() if negated else whole
    if whole.startswith("!!"):
        raise ValueError(f"{whole!r} is negated twice")
    if word == "any":
        if negated:
            raise ValueError('"!any" matches nothing')
        return cls("any", word)
    if word.startswith("<"):
        if not word.endswith(">"):
            raise ValueError(f"{word!r} is not a table: the '>' at its end is missing")
        TableName.parse(word[1:-1])
        return cls("table", word, negated)
    if word.startswith("("):
        found = _DYNAMIC.fullmatch(word)
        if not found:
            raise ValueError(f'{word!r} is not an interface\'s addresses; write "(em0:0)" or "(em0)"')
        Interface.parse(found[1])
        return cls("interface", word, negated)
    if word.startswith("jail:"):
        raise ValueError(f"{word!r}: a jail cannot stand here; write an address")
    if word in ("all", "*"):
        raise ValueError(near.address(word))
    if _BARE.fullmatch(word) and not _looks_numeric(word):
        raise BareWordError(word)
    try:
        network = Network.parse(word)
    except ValueError as wrong:
        if str(wrong).endswith("write its address") and re.fullmatch(r"[\w-]+(\.[\w-]+)+", word):
            raise ValueError(
                f'{wrong}, or a [table.NAME] with names = ["{word}"] and "<NAME>" here, where it changes'
            ) from None
        raise
    if network.net.is_unspecified and network.net.num_addresses == 1:
        raise ValueError(
            f'{word} is not the address of any host and matches nothing; write who is meant ("any" is everybody)'
        )
    return cls("network", str(network), negated, network)


def _looks_numeric(word: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*", word)) and word.count(":") > 1


def split(peers: tuple[Peer, ...], family: str) -> tuple[Peer, ...] | None:
    """Those peers that exist in a family; None when there were some and none is left. () means any."""
    left = tuple(peer for peer in peers if peer.family in (None, family))
    return None if peers and not left else left

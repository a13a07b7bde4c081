"""Addresses in a role: published outside, left by, redirected to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jailpf.values.address import Address, Network
from jailpf.values.names import JailName
from jailpf.values.peer import Peer


class Outside(Peer):
    """An address outside: "ext_ip4", "ext_ip6", or what `to` of pf.conf(5) takes."""

    @classmethod
    def parse(cls, raw: object) -> Outside:
        """Make it. Raises ValueError."""
        if raw in ("ext_ip4", "ext_ip6"):
            return cls("any", str(raw))
        peer = Peer.parse(raw)
        if peer.negated:
            raise ValueError(f"{raw!r}: what is not an address cannot be published")
        return cls(peer.kind, peer.word, False, peer.network)


class Outgoing(Peer):
    """Where NATed packets come from: an address, or "(em0:0)"."""

    @classmethod
    def parse(cls, raw: object) -> Outgoing:
        """Make it. Raises ValueError; "(em0)" would deal out the addresses of other jails in turn (facts.md)."""
        peer = Peer.parse(raw)
        if peer.negated or peer.kind not in ("network", "interface"):
            raise ValueError(f'{raw!r} is not an address to leave by; write an address or "(em0:0)"')
        if peer.kind == "interface" and not peer.word.endswith(":0)"):
            raise ValueError(f'{raw!r} also takes the alias addresses of other jails; write "({peer.interface}:0)"')
        if isinstance(peer.network, Network) and peer.network.net.num_addresses > 1:
            raise ValueError(f"{raw!r} is a network; one address is wanted")
        return cls(peer.kind, peer.word, False, peer.network)


@dataclass(frozen=True, slots=True)
class Target:
    """Where an rdr sends to: an address, or the jail of that name."""

    address: Address | None = None
    jail: str = ""

    @classmethod
    def parse(cls, raw: object) -> Target:
        """Make it. Raises ValueError."""
        if not isinstance(raw, str) or re.fullmatch(r"[0-9./%]+|.*:.*", raw):
            return cls(Address.parse(raw))
        try:
            return cls(jail=JailName.parse(raw))
        except ValueError:
            raise ValueError(f"{raw!r} is neither an address nor the name of a jail") from None

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Text."""
        return {"type": "string"}

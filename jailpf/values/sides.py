"""Addresses in a role: published outside, left by, redirected to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jailpf.values.address import Address, Network
from jailpf.values.base import describe
from jailpf.values.names import JailName
from jailpf.values.peer import Peer


class Outside(Peer):
    """An external address: "ext_ip4", "ext_ip6", or what `to` of pf.conf(5) takes."""

    @classmethod
    def parse(cls, raw: object) -> Outside:
        """Make it. Raises ValueError."""
        if raw in ("ext_ip4", "ext_ip6"):
            return cls("any", str(raw))
        peer = Peer.parse(raw)
        if peer.negated:
            raise ValueError(f"{raw!r}: this cannot be published; write an address")
        return cls(peer.kind, peer.word, False, peer.network)


class Outgoing(Peer):
    """The address to translate to: an address, a network, or "(em0:0)"."""

    @classmethod
    def parse(cls, raw: object) -> Outgoing:
        """Make it. Raises ValueError; "(em0)" would deal out the addresses of other jails in turn (facts.md)."""
        if not isinstance(raw, str):
            raise ValueError(
                f'an address to leave by is written as a string, not {describe(raw)}; write an address or "(em0:0)"'
            )
        peer = Peer.parse(raw)
        if peer.negated or peer.kind not in ("network", "interface"):
            raise ValueError(f'{raw!r} is not an address to leave by; write an address or "(em0:0)"')
        if peer.kind == "interface" and not peer.word.endswith(":0)"):
            raise ValueError(f'{raw!r} also takes the alias addresses of other jails; write "({peer.interface}:0)"')
        return cls(peer.kind, peer.word, False, peer.network)


@dataclass(frozen=True, slots=True)
class Target:
    """The target of an rdr: an address, or a jail by name, also written "jail:web"; "jail:web*" means several."""

    address: Address | None = None
    jail: str = ""

    @classmethod
    def parse(cls, raw: object) -> Target:
        """Make it. Raises ValueError."""
        if isinstance(raw, str) and raw.startswith("jail:"):
            return cls(jail=Party.parse(raw).jail)
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


class Party(Peer):
    """A Peer, or jails by name ("jail:web", "jail:web*"), or the "host" itself."""

    @classmethod
    def parse(cls, raw: object) -> Party:
        """Make it. Raises ValueError."""
        if isinstance(raw, str) and raw.lstrip("! ") == "host":
            if raw != "host":
                raise ValueError(f"{raw!r}: this means everybody except the host; write who is meant")
            return cls("host", "host")
        if isinstance(raw, str) and raw.lstrip("! ").startswith("jail:"):
            if raw.startswith("!"):
                raise ValueError(f"{raw!r}: this means everybody except one jail; write who is meant")
            pattern = raw.removeprefix("jail:")
            try:
                JailName.parse(re.sub(r"[*?]", "x", pattern))
            except ValueError as wrong:
                raise ValueError(f"{raw!r}: {wrong}") from None
            return cls("jail", raw)
        peer = Peer.parse(raw)
        return cls(peer.kind, peer.word, peer.negated, peer.network)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Text, with examples."""
        return {"type": "string", "examples": ["any", "192.0.2.0/24", "<table>", "(em0:0)", "jail:web", "host"]}


@dataclass(frozen=True, slots=True)
class Gateway:
    """The next router by an uplink. A link-local address is written without scope: pf takes that of the card."""

    address: Address

    @classmethod
    def parse(cls, raw: object) -> Gateway:
        """Make it. Raises ValueError."""
        if isinstance(raw, str) and raw.lower().startswith("fe80:") and "%" not in raw and "/" not in raw:
            return cls(Address(Network.parse(raw).net.network_address))
        return cls(Address.parse(raw))

    @classmethod
    def schema(cls) -> dict[str, object]:
        """An address."""
        return Address.schema()

    def __str__(self) -> str:
        return str(self.address)

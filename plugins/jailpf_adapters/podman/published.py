"""The ports of containers: what Podman was told, and what CNI's portmap loads into cni-rdr/ID."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.plugin import Address, Peer, Place, Problem, Published, Unread, importing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.plugin import Family
    from jailpf_adapters.podman.container import Container

_PORT = re.compile(r"(\d+)/(tcp|udp)")


def of_bindings(one: Container, place: Place) -> Iterator[Published | Unread]:
    """What `podman run -p` said."""
    for inside, where in one.ports.items():
        for binding in where or ():
            text = f"{binding.get('HostIp', '')}:{binding.get('HostPort', '')}:{inside}"
            found = _PORT.fullmatch(inside)
            if found is None or not str(binding.get("HostPort", "")).isdigit():
                yield Unread(one.name, Problem("it is neither tcp nor udp, or has no port", place), text)
                continue
            address = str(binding.get("HostIp") or "")
            to = () if address in ("", "0.0.0.0", "::") else (Peer.parse(address),)  # noqa: S104 - what it says
            family: tuple[Family, ...] = ("inet6",) if ":" in address else ("inet",)
            yield Published(
                jail=one.name, by=f"`podman run -p` of {one.name}", place=place, text=text, proto=(found[2],),
                port=importing.port(str(binding["HostPort"])), jail_port=importing.port(found[1]), families=family, to=to,
                passes=True,
            )  # fmt: skip


def of_anchor(text: str, jail: str, place: Place) -> Iterator[Published | Unread]:
    """The rdr rules of an anchor of portmap, of any of its versions. Its nat rules are for the host's own connections."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("rdr"):
            continue
        here = place._replace(line=number)
        try:
            rule = importing.statement(importing.Macros().words(line))
            if not isinstance(rule, importing.PfRule) or len(rule.port) != 1 or len(rule.target) != 1:
                raise ValueError("it needs one port and one target")
            to = tuple(Peer.parse(f"({word})" if word == "self" else word) for word in rule.to)
            yield Published(
                jail=jail, by=f"portmap of {jail}", place=here, text=line, proto=rule.proto, port=rule.port[0],
                jail_port=rule.target_port or rule.port[0], families=(Address.parse(rule.target[0]).family,), to=to,
                target=Address.parse(rule.target[0]), passes=rule.passes,
            )  # fmt: skip
        except ValueError as wrong:
            yield Unread(jail, Problem(str(wrong), here), line)

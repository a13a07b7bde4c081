"""`$if`, `$proto`, `$dstport` ... inside labels and tags: what pfctl puts there; other `$` words stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.addresses import address_text
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.rules.rule import Family, Host, Ports

NAME_MAX = 63


class TooLongError(Exception):
    """What a label or a tag expands to does not fit."""


def expanded(
    text: str,
    number: int,
    interface: str,
    proto: str,
    family: Family,
    ends: tuple[Host, Ports | None, Host, Ports | None],
) -> str:
    """The text with its macros expanded, for the rule of that number. Raises TooLongError."""
    source, source_port, destination, destination_port = ends
    values: list[tuple[str, Callable[[], str]]] = [
        ("$if", lambda: interface or "any"),
        ("$srcaddr", lambda: _host(source, family)),
        ("$dstaddr", lambda: _host(destination, family)),
        ("$srcport", lambda: _ports(source_port)),
        ("$dstport", lambda: _ports(destination_port)),
        ("$proto", lambda: proto or "ip"),
        ("$nr", lambda: str(number)),
    ]
    for macro, value in values:
        if macro in text:
            text = text.replace(macro, value())
            if len(text.encode()) > NAME_MAX:
                raise TooLongError
    return text


def _host(host: Host, family: Family) -> str:
    sign = "! " if host.negated else ""
    if host.kind == "dynamic":
        return f"{sign}({host.name.split(':')[0]})"
    if host.kind == "table":
        return f"{sign}<{host.name}>"
    if host.kind == "range":
        return f"{sign}?"
    if host.kind == "any" or (host.kind == "net" and (not family or (host.low == 0 and host.prefix == 0))):
        return f"{sign}any"
    if host.kind != "net" or not family:
        return sign + host.kind
    mask = f"/{host.prefix}" if host.prefix < BITS[family] else ""
    return sign + address_text(family, host.low) + mask


def _ports(ports: Ports | None) -> str:
    if ports is None or ports.op == ":":  # pfctl has no text for a range
        return ""
    if ports.op == "=":
        return str(ports.low)
    if ports.op in {"><", "<>"}:
        return f"{ports.low}{ports.op}{ports.high}"
    return f"{ports.op}{ports.low}"

"""Declarations that are sound, and may not mean what they say: who is let in, or kept out, is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.prepare import Prepared


def half_open(prepared: Prepared) -> Iterator[Problem]:
    """Services that are for everybody of one family of addresses, and for nobody of the other that the jail has."""
    for service in prepared.services.services:
        nets = [one.network for one in service.source if one.network and not one.negated]
        families = {net.family for net in nets}
        whole = [str(net) for net in nets if net.net.prefixlen == 0]
        left = [address for address in prepared.jail.addresses if address.family not in families]
        if whole and left and not service.family and len(nets) == len(service.source):
            every, other = ("IPv4", "IPv6") if "." in whole[0] else ("IPv6", "IPv4")
            what = (
                f"{whole[0]} means everybody in {every} only, so nobody reaches {service.name} at {left[0]} in {other}"
            )
            yield Problem(
                what, prepared.services.place("service", service.name, "from"), "if you want that, ignore this"
            )


def only_sent(prepared: Prepared) -> Iterator[Problem]:
    """Blocks of what the jail sends to a port that it serves itself, which look like ones of who comes in by that port."""
    own = {str(one) for one in prepared.jail.addresses}
    served = [(one.name, port) for one in prepared.services.services for port in one.port]
    for rule in prepared.ruleset.rules:
        senders = {str(peer) for peer in rule.source}
        if rule.action == "block" and rule.port and not rule.to and senders and senders <= own:
            for name, port in served:
                if any(port.overlaps(other) for other in rule.port):
                    what = f"{rule.service} blocks what {prepared.jail.name} sends to port {port}; it keeps nobody out of {name}"
                    yield Problem(what, rule.place, "if you want that, ignore this; to keep somebody out, write `from`")


def unguarded(prepared: Prepared) -> Iterator[Problem]:
    """Services at a private address that are not redirected, and that everybody with a route to it reaches nevertheless."""
    for service in prepared.services.services:
        if "rdr" in service.types or service.guests or service.proto.family:
            continue
        own = {str(one) for one in prepared.jail.addresses if one.private}
        open_ones = [
            str(peer)
            for rule in prepared.ruleset.rules
            if rule.service == service.name and rule.action == "pass" and not (rule.source or rule.tagged or rule.on)
            for peer in rule.to
            if str(peer) in own
        ]
        if open_ones:
            where = " and ".join(dict.fromkeys(open_ones))
            what = (
                f"without rdr and `from`, {service.name} is open to every jail and to everybody with a route to {where}"
            )
            remedy = 'write from = "jail:NAME" for those who need it, or from = "any" if you mean all of them'
            yield Problem(what, prepared.services.place("service", service.name, "rdr"), remedy)

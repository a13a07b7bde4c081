"""The jails' own addresses: whether anything on this host holds them, or is going to when the jail starts."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.doctor.world import prepared
from jailpf.errors import JailpfError
from jailpf.lifecycle.checks import outside
from jailpf.lifecycle.survey import alive
from jailpf.managers.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session


def held(session: Session) -> Iterator[Finding]:
    """Whether the addresses of declared jails without a network stack of their own are on an interface, or their manager puts them on one that is there."""
    host = outside.this_host(session)
    if host is None:
        return
    jails = [one.jail for one in prepared(session) if not one.jail.vnet]  # hooks make a vnet jail's side
    running: set[str] = set()
    with suppress(JailpfError):
        running = set(alive(session, session.settings))
    for jail in jails:
        card = str(jail.interface or "")
        runs = bool({jail.name, jail.running_name} & running)
        if card and not host.has(card) and not runs and jail.known_by != "declaration":
            what = f"{jail.name} needs the interface {card}, which this host does not have"
            make = f'sysrc cloned_interfaces+="{card}" && service netif cloneup'
            yield Finding("error", what, "it cannot start", make if card[:2] == "lo" else f"create {card}")
        lost = [str(one) for one in jail.addresses if str(one) not in host.addresses]
        if not lost or (card and not runs):
            continue
        what = f"{', '.join(lost)} of {jail.name} {'is' if len(lost) == 1 else 'are'} not on any interface of this host"
        mend = f'ifconfig lo1 alias {lost[0]}, or name the interface where the jail is configured: "lo1|{lost[0]}"'
        yield Finding("error" if runs else "warning", what, "nobody reaches it there, and it reaches nobody", mend)


CHECKS = (held,)

"""What is in the tables that a pf.conf leaves empty, because programs fill them while pf runs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError
from jailpf.pf.simulated.explain import unfilled
from jailpf.pf.simulated.language.parse import parse

if TYPE_CHECKING:
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Topology


def filled(session: Session, text: str, topology: Topology, elsewhere: bool) -> dict[str, tuple[str, ...]]:
    """Table -> addresses: what pf has in it now, else what the jails' manager puts there. Tables of which neither is known
    are left out. elsewhere: whether it is not this host that is asked about.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(unfilled(parse(text, topology, main=True, lenient=True))):
        if session.settings.pf == "pfctl" and not elsewhere:
            with suppress(JailpfError):
                found[name] = tuple(session.pf.table("", name, "show"))
                continue
        for adapter in session.jails.adapters:
            with suppress(JailpfError):
                known = adapter.fills()
                if name in known:
                    found[name] = tuple(map(str, known[name]))
                    break
    return found

"""A jail that runs although its firewall could not be made: nothing is let in to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.compile.pftext import rule_text
from jailpf.lifecycle.change import begin, finish, put
from jailpf.lifecycle.checks import readiness
from jailpf.managers.adapter import ask
from jailpf.managers.building import with_running
from jailpf.model import Anchor, Rule
from jailpf.state.records import Record
from jailpf.values import Peer

if TYPE_CHECKING:
    from jailpf.lifecycle.session import Session


def close(session: Session, name: str) -> bool:
    """Load what blocks all packets to the jail's addresses, above what other jails let through, where its manager looks at no exit status; whether it was.

    Not for jail(8), which removes a jail whose `exec.created` failed: nobody would take the rules away. Not for an address
    that is also the host's or another jail's. `poststop` takes it away, `load` and `sync` replace it.
    """
    settings = session.settings
    path = settings.layout.above(name)
    found = ask(session.jails.adapters, name)
    if found is None or not found[0].goes_on or not path:
        return False
    jail = with_running(settings, found[1])
    if jail.shared or not jail.addresses or not _is_evaluated(session, path):
        return False
    rules = [Rule(action="block", quick=True, family=one.family, to=(Peer.of(one),)) for one in jail.addresses]
    text = "".join(f"{rule_text(rule)}\n" for rule in rules)
    record = Record(
        jail=jail.name, running_name=jail.running_name or jail.name, file=session.jails.file(name), settings=settings.file,
        pf=settings.pf, pfctl=settings.programs["pfctl"], anchors=(Anchor(path, text),), labels=(),
        addresses=tuple(map(str, jail.addresses)), shared=False, vnet=jail.vnet, path=jail.path, plugins=(), claims=(),
    )  # fmt: skip
    with session.lock():
        change = begin(session, record)
        put(session, change)
        finish(session, change)
    return True


def _is_evaluated(session: Session, path: str) -> bool:
    """Whether what is loaded there would block anything."""
    return session.pf.enabled() and readiness.calls(session.pf.read("", tables=False), "filter", path)

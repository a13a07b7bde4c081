"""The host with all that is declared loaded into a pf in memory, made once for all checks that ask it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError
from jailpf.lifecycle.prepare import prepare
from jailpf.state import records

if TYPE_CHECKING:
    from jailpf.insight.world import World
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session


def declared(session: Session) -> World:
    """Every jail as it is declared, and nothing else but the main ruleset. Raises the errors of `build`."""
    return _kept(session, "declared", True)


def beside(session: Session) -> World:
    """Every jail as it is declared, beside what else is loaded."""
    return _kept(session, "beside", session.jails.declared())


def prepared(session: Session) -> list[Prepared]:
    """The declared jails, as far as they are sound: also where pf cannot be asked."""
    known: dict[str, list[Prepared]] = session.__dict__.setdefault("sound", {})
    if "" not in known:
        known[""] = []
        for name in session.jails.declared():
            with suppress(JailpfError):  # told by the check whose trouble it is
                known[""] += [one] if (one := prepare(session, name, created=False)) else []
    return known[""]


def texts(session: Session) -> list[tuple[str, str]]:
    """(jail, text) of the anchors that are loaded or declared, each once."""
    found = [
        (record.jail, anchor.text) for record in records.everything(session.directory) for anchor in record.anchors
    ]
    found += [(one.jail.name, anchor.text) for one in prepared(session) for anchor in one.ruleset.anchors]
    return list(dict.fromkeys(found))


def _kept(session: Session, name: str, what: bool | list[str]) -> World:
    from jailpf.insight.world import build

    known: dict[str, World] = session.__dict__.setdefault("worlds", {})
    if name not in known:
        known[name] = build(session, declared=what or True, like=next(iter(known.values()), None))
    return known[name]

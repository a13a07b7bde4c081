"""From a jail's name to the ruleset that should be loaded, with everything that a record has to remember."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.compile import claims
from jailpf.compile.whole import compile_jail
from jailpf.declare import toml
from jailpf.declare.services import read
from jailpf.declare.settings import PROGRAMS
from jailpf.declare.there import declares
from jailpf.errors import NoJailError
from jailpf.state.records import Record
from jailpf.state.rundir import stamp

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from jailpf.declare.services import Services
    from jailpf.declare.settings import Settings
    from jailpf.lifecycle.session import Session
    from jailpf.model import Jail, Ruleset


@dataclass(frozen=True)
class Prepared:
    """A compiled jail. inputs: path -> stamp of every file and folder that it depends on."""

    jail: Jail
    services: Services
    ruleset: Ruleset
    record: Record
    inputs: dict[str, str]


def declared(session: Session, name: str) -> bool:
    """Whether the jail has a file; asked before anything else. Raises ConfigError where it cannot be told."""
    return declares(session.settings, name)


def prepare(session: Session, name: str, *, created: bool) -> Prepared | None:
    """Read, find, render. created: ask the jailpf_created listeners too.

    None when the jail's addresses are known only while it runs, and it does not. Raises the errors of those steps.
    """
    jails = session.jails
    # Stamps are taken before the files are read: a change in between makes the plan stale, never wrong.
    first = [jails.file(name), session.settings.file, session.settings.programs["pfctl"]]
    first += [session.settings.layout.told_by] * bool(session.settings.layout.told_by)
    inputs = {path: stamp(path) for path in first}
    services = jails.services(name)
    jail = jails.find(name, services)
    if not jail.settled and not jail.addresses:
        return None
    extra = session.registry.created(jail, services) if created else ()
    ruleset = compile_jail(jail, services, jails, extra)
    session.notes += [note for note in ruleset.notes if note not in session.notes]
    for path in dict.fromkeys((*jail.inputs, *ruleset.inputs, *plugin_files(session))):
        inputs.setdefault(path, stamp(path))
    session.folders.update(map(os.path.dirname, inputs))
    return Prepared(jail, services, ruleset, _record(session, jail, services, ruleset), inputs)


def prepare_text(session: Session, name: str, file: str, text: str, unwritten: Container[str] = ()) -> Prepared:
    """The same of a declaration that is about to be written to `file`, with the table files of `unwritten`.

    Raises NoJailError for a jail whose addresses only its running can tell, and what `prepare` raises.
    """
    services = read(toml.parse(text, file), session.registry.rule_types, session.settings)
    jail = session.jails.find(name, services)
    if not jail.addresses:
        raise NoJailError(f"the addresses of {name} are known only while it runs", None, "add ip4 to [jail]")
    ruleset = compile_jail(jail, services, session.jails, unwritten=unwritten)
    return Prepared(jail, services, ruleset, _record(session, jail, services, ruleset), {})


def plugin_files(session: Session) -> Iterable[str]:
    """The modules of third-party plugins: a new version of one may render other rules."""
    for name in session.settings.plugins:
        module = session.registry.manager.get_plugin(name)
        file = getattr(module, "__file__", None)
        if file:
            yield os.path.abspath(file)


def jls_of(settings: Settings) -> str:
    """The program that knows which jails run: none where pf is simulated, unless [programs] names one."""
    jls = settings.programs["jls"]
    return "" if settings.pf == "simulated" and jls == PROGRAMS["jls"] else jls


def _record(session: Session, jail: Jail, services: Services, ruleset: Ruleset) -> Record:
    settings = session.settings
    return Record(
        jail=jail.name, running_name=jail.running_name or jail.name, file=services.document.file, settings=settings.file,
        pf=settings.pf, pfctl=settings.programs["pfctl"], anchors=ruleset.anchors,
        labels=tuple(dict.fromkeys(label for rule in ruleset.rules for label in rule.labels)),
        jls=jls_of(settings), nat=tuple(dict.fromkeys(peer.word for rule in ruleset.rules if rule.action == "nat" for peer in rule.source if peer.network)),
        addresses=tuple(map(str, jail.addresses)), shared=jail.shared, vnet=jail.vnet, path=jail.path,
        plugins=settings.plugins, claims=tuple(claims.of_ruleset(ruleset)), names=ruleset.names,
    )  # fmt: skip

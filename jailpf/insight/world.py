"""The host as the simulated pf sees it: what pf holds, or would hold, with the interfaces and jails around it.

What `jailpf trace` and `jailpf reach` ask.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.compile.pftext import rule_text
from jailpf.declare.there import valid
from jailpf.errors import ConfigError, JailpfError, PfRefusedError, Place
from jailpf.insight.elsewhere import add_interfaces, described_host, text_of
from jailpf.insight.filled import filled
from jailpf.insight.loading import loadable
from jailpf.insight.origins import Origins
from jailpf.insight.second import opinion
from jailpf.insight.surroundings import surroundings
from jailpf.lifecycle.prepare import prepare
from jailpf.model import Jail
from jailpf.state import records
from jailpf.values import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.pf import Loaded
    from jailpf.pf.simulated import Simulated


@dataclass(frozen=True)
class Source:
    """The declaration that a loaded rule comes from. name: "service.mail", or "" for the host's default nat."""

    jail: str
    name: str
    place: Place | None


@dataclass
class World:
    """pf: what decides; jails: what is declared, as far as it is sound; problems: of the declarations that are not,
    which are `broken`, and of the host.
    progress: goes through names of what takes long, and may show how far it is."""

    pf: Simulated
    jails: dict[str, Prepared]
    problems: list[JailpfError] = field(default_factory=list)
    broken: list[JailpfError] = field(default_factory=list)
    progress: Callable[[Sequence[str]], Iterable[str]] = iter
    _origins: dict[str, Origins[Source]] = field(default_factory=dict)
    _owners: dict[str, Prepared] = field(default_factory=dict)

    def paths(self) -> set[str]:
        """The anchors of all that is declared."""
        return {anchor.path for one in self.jails.values() for anchor in one.ruleset.anchors}

    def source(self, path: str, text: str) -> Source | None:
        """Who declared the rule that pf prints so in that anchor; None when it is nobody's."""
        if path not in self._origins:
            if not self._owners:
                for one in reversed(self.jails.values()):
                    self._owners |= dict.fromkeys((anchor.path for anchor in one.ruleset.anchors), one)
            owner = self._owners.get(path)
            self._origins[path] = Origins(self.pf.topology, _written(owner) if owner else ())
        return self._origins[path].of(text)


def _written(owner: Prepared) -> Iterator[tuple[str, Source]]:
    for rule in owner.ruleset.rules:
        name = rule.service if "." in rule.service or not rule.service else f"service.{rule.service}"
        yield rule_text(rule), Source(owner.jail.name, name, rule.place)


def build(
    session: Session,
    *,
    main: str = "",
    declared: bool | Collection[str] = False,
    interfaces: str = "",
    given: Sequence[str] = (),
    like: World | None = None,
    left: bool = False,
) -> World:
    """Gather it all. main: a pf.conf to take instead of the loaded main ruleset; declared: what is declared instead of
    what is loaded, of all jails, with what their managers publish beside it, or of these (nothing for one that has no file); interfaces: a file of what ifconfig(8) printed, to take instead of this
    host's; given: interfaces to add, "em0=203.0.113.1/24". With `main` and without jailpf.toml the host is what these two
    say, and has no jails; like: another world of the same session, whose compiled jails are taken; left: with the jails that are loaded and that nobody declares any more. Raises the errors of pf and of `surroundings`, ConfigError for a file that cannot be read,
    PfRefusedError for a pf.conf that pfctl would not load.
    """
    from jailpf.lifecycle.checks import published
    from jailpf.pf.simulated.explain import call_first, rebuild

    if main and not os.path.lexists(session.file):
        alone = rebuild(text_of(main), topology=described_host(interfaces, given))
        return World(alone, {}, [PfRefusedError(one) for one in loadable(alone, main)])
    jails, problems = (like.jails, like.broken) if like else _jails(session)
    topology, odd = surroundings(
        session,
        [*(one.jail for one in jails.values()), *_named(session, jails), *(_left(session) if left else ())],
        interfaces,
    )
    add_interfaces(topology, given)
    if declared:
        topology.assume()
    loaded = _main(session, main)
    if main and isinstance(loaded[0], str):
        loaded = loaded[0], filled(session, loaded[0], topology, elsewhere=bool(interfaces or given))
    differs: list[JailpfError] = []
    if main and isinstance(loaded[0], str) and not interfaces and not given:
        text, differs = opinion(session, main, loaded[0], topology)
        loaded = text, loaded[1]
    instead = _declared(jails, declared)
    layout = session.settings.layout
    replaced = {path for name in (*instead, *_undeclared(session, declared)) for path in layout.every(name)}
    listed = [] if declared is True else session.pf.anchors()
    anchors = [session.pf.read(path) for path in listed if path not in replaced]
    pf = rebuild(loaded[0], anchors, loaded[1], topology, session.pf.skipped() if not main else ())
    # Where they differ, pfctl itself has taken it.
    unknown = [PfRefusedError(one) for one in loadable(pf, main)] if main and not differs else []
    for name in session.progress("loading", instead):
        for anchor in jails[name].ruleset.anchors:
            pf.load(anchor.path, anchor.text)
    if declared is True:
        call_first(pf, "managers", published.rules(session))
    return World(
        pf,
        jails,
        [*odd, *problems, *differs, *unknown],
        broken=problems,
        progress=lambda names: session.progress("asking", names, len(jails)),
    )


def _declared(jails: Mapping[str, Prepared], declared: bool | Collection[str]) -> list[str]:
    if isinstance(declared, bool):
        return list(jails) if declared else []
    return [name for name in jails if name in declared]


def _named(session: Session, jails: Mapping[str, Prepared]) -> list[Jail]:
    """Jails that a declaration lets in by name and that have none of their own."""
    named = {word.partition(" ")[0] for one in jails.values() for word in one.ruleset.names}
    if not named - jails.keys():
        return []
    return [one for one in session.jails.neighbours if one.name not in jails and ({one.name, "*"} & named)]


def _left(session: Session) -> Iterator[Jail]:
    """Jails as the records have them whose declarations are gone."""
    for one in records.everything(session.directory):
        if not session.jails.declares(one.jail):
            yield Jail(
                name=one.jail, addresses=tuple(map(Address.parse, one.addresses)), vnet=one.vnet, shared=one.shared
            )


def _undeclared(session: Session, declared: bool | Collection[str]) -> list[str]:
    """Those of the named that nobody declares: what is loaded for them would go."""
    return (
        []
        if isinstance(declared, bool)
        else [name for name in declared if valid(name) and not session.jails.declares(name)]
    )


def _jails(session: Session) -> tuple[dict[str, Prepared], list[JailpfError]]:
    found, problems = {}, []
    for name in session.progress("reading", session.jails.declared()):
        try:
            prepared = prepare(session, name, created=True)
        except JailpfError as wrong:
            problems.append(wrong)
            continue
        if prepared is not None:
            found[name] = prepared
    return found, problems


def _main(session: Session, file: str) -> tuple[str | list[str], dict[str, tuple[str, ...]]]:
    """The main ruleset as text or as pfctl prints it, and its tables."""
    if file:
        from jailpf.pf.simulated.language.files import read

        try:
            return read(file), {}  # byte for byte: pfctl takes no \r for the end of a line
        except OSError as wrong:
            raise ConfigError(f"cannot be read: {wrong.strerror}", Place(file)) from None
    loaded: Loaded = session.pf.read("")
    text = getattr(session.pf, "main", None)
    return (text() if text else [*loaded.nat, *loaded.rules]), dict(loaded.tables)

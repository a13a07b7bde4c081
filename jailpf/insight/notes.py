"""What is odd about loaded rules on this host: words that mean nothing here, and addresses that nobody holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.pf.simulated.host.ways import never_comes_in
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.rules.addresses import Address, is_private, parse_address
from jailpf.pf.simulated.rules.rule import BITS
from jailpf.pf.simulated.rules.show import rule_text
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jailpf.insight.world import World
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Host, Rule

TRANSLATIONS = ("nat", "rdr", "binat")


def notes(world: World) -> list[Problem]:
    """Each once, with the first rule that it is about. Nothing of it is wrong by itself: a hook may make an interface, a
    router may send what this host does not hold.
    """
    found: dict[str, Problem] = {}
    seen: set[tuple[str, ...]] = set()
    with world.pf.opened() as model:
        for path, ruleset in model.rulesets.items():
            for section in ruleset.rules.values():
                for rule in _unlike(section, seen):
                    for key, message, remedy in (*_interface(model, rule), *_addresses(model, path, rule)):
                        if key not in found:
                            found[key] = Problem(f"{_where(world, path, rule)}: {message}", None, remedy)
        for name in model.skips:
            if not model.topology.meant(name):
                said = f"set skip on {name}: {_absent(name)}, so nothing is skipped"
                found.setdefault(name, Problem(said, None, did_you_mean(name, model.topology.interfaces)))
    return list(found.values())


def nowhere(session: Session, some: Sequence[Prepared]) -> list[Problem]:
    """Interfaces that rules of these jails name and the simulated host does not have, each once for a jail. Those of the
    settings and of other jails count as its own. Nothing for a real host, which lifecycle/checks/outside.py asks.
    """
    from jailpf.insight.surroundings import surroundings

    if session.settings.pf != "simulated" or not any(rule.on for one in some for rule in one.ruleset.rules):
        return []
    topology = surroundings(session, [*session.jails.neighbours, *(one.jail for one in some)]).topology
    host = session.settings.host
    named = {*map(str, host.ext_if), *(str(link.interface) for link in host.uplinks.values())}
    found: dict[tuple[str, str], Problem] = {}
    wanted = ((one.jail.name, str(name), rule.place) for one in some for rule in one.ruleset.rules for name in rule.on)
    for jail, name, place in wanted:
        if name not in named and not topology.meant(name):
            what = f"the simulated host has no interface and no group {name!r}, so a rule on it does nothing there"
            near = did_you_mean(name, [*topology.interfaces, *host.uplinks])
            found.setdefault((jail, name), Problem(what, place, near or f"it has {', '.join(topology.interfaces)}"))
    return list(found.values())


def _unlike(rules: Sequence[Rule], seen: set[tuple[str, ...]]) -> Iterator[Rule]:
    """Those whose interface and address were not seen: of many jails few are, and reading the others takes long."""
    for at in range(len(rules)):
        names = rules.names(at) if isinstance(rules, Written) else None
        if names is None or names not in seen:
            yield rules[at]
            seen |= {names} if names and rules[at].action != "unknown" else set()


def uncalled(world: World) -> list[Problem]:
    """What is loaded for jails and no line of the main ruleset evaluates, with the lines to add."""
    from jailpf.pf.simulated.judged import calls

    with world.pf.opened() as model:
        found = calls.uncalled(model, world.paths().__contains__)
    problems = []
    for (section, folder), paths in found.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        what = f"the main ruleset never evaluates the {section} rules of {paths[0]}{more}"
        problems.append(Problem(what, None, f'add to pf.conf: {calls.WORDS[section]} "{folder}/*"'))
    return problems


def _where(world: World, path: str, rule: Rule) -> str:
    text = rule_text(rule)
    source = world.source(path, text) if path else None
    place = f"{source.place}" if source and source.place else path or "main ruleset"
    return f"{place}: `{text}`"


def _absent(name: str) -> str:
    return f"this host has no interface and no group {name!r}"


def _interface(model: Model, rule: Rule) -> Iterator[tuple[str, str, str]]:
    name = rule.interface
    if name and name != "any" and not model.topology.meant(name):
        effect = "so it is for every interface" if rule.not_interface else "so it matches nothing"
        yield name, f"{_absent(name)}, {effect}", did_you_mean(name, model.topology.interfaces)


def _addresses(model: Model, path: str, rule: Rule) -> Iterator[tuple[str, str, str]]:
    """The addresses that the host itself must hold: what a rdr takes, and what a nat or binat sends from."""
    if rule.no or rule.action not in TRANSLATIONS:
        return
    hosts = (rule.destination,) if rule.action == "rdr" else rule.pool.hosts if rule.pool else ()
    card = rule.interface and not all(
        model.topology.interfaces[i].loopback for i in model.topology.meant(rule.interface)
    )
    for address in (address for host in hosts for address in _single(model, path, host)):
        if rule.action == "rdr" and card and never_comes_in(address):
            yield str(address), f"packets to {address} never arrive on an interface", "name an address of this host"
        elif address not in model.topology.owners() and not never_comes_in(address):
            yield (
                str(address),
                f"no interface of this host has {address}",
                "ignore this if a router sends it here nevertheless",
            )


def _single(model: Model, path: str, host: Host) -> list[Address]:
    """The single addresses that a rule names, in itself or by a table."""
    if host.negated:
        return []
    if host.kind == "table":
        table = model.table(path, host.name)
        entries = [entry for entry in (table.entries if table else ()) if not entry.negated]
        return [Address(entry.family, entry.low) for entry in entries if entry.prefix == BITS.get(entry.family)]
    single = host.kind == "net" and host.prefix == BITS.get(host.family)
    return [Address(host.family, host.low)] if single else []


def uncovered(world: World) -> Iterator[tuple[str, str, str]]:
    """Jails with a private address that nothing translates where it leaves: name, address, the uplink."""
    topology = world.pf.topology
    for jail in topology.jails.values():
        for address in map(parse_address, jail.addresses):
            uplink = topology.uplink(address.family) or topology.ext_if
            there = topology.interfaces.get(uplink)
            if there is None or not is_private(address) or any(own.reaches(address) for own in there.own):
                continue
            if not any(own.family == address.family and not own.link_local for own in there.own):
                continue  # no such Internet here
            if jail.vnet and topology.side(jail, address) in (uplink, topology.bridge_of(uplink)):
                continue
            if not _translated(world, address, uplink):
                yield jail.name, str(address), uplink


def _translated(world: World, source: Address, interface: str) -> bool:
    from jailpf.pf.simulated.kernel.flat import flatten
    from jailpf.pf.simulated.kernel.matcher import Matcher

    to = parse_address("192.0.2.1" if source.family == "inet" else "2001:db8::1")
    packet = Packet(source.family, "tcp", source.number, 40000, to.number, 443, interface, "out")
    with world.pf.opened() as model:
        matcher = Matcher(model)
        for section in ("binat", "nat"):
            for flat in flatten(model, section):
                if not flat.rule.no and matcher.rule(flat.rule, flat.path, packet, "") is not False:
                    return True
    return False

"""From a jail and its declarations to the text of its anchors."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.compile import apart
from jailpf.compile.default_nat import default_nat, untranslated
from jailpf.compile.discovery import with_discovery
from jailpf.compile.laid_out import lay_out
from jailpf.compile.made import Rendered, acting, bound, checked, crowded, in_order, never_by_default, untagged
from jailpf.compile.tables import Tables
from jailpf.compile.told import no_address, one_sided, shadowed
from jailpf.declare.foreign import foreign
from jailpf.declare.rules import Context
from jailpf.declare.ways import RenderError
from jailpf.errors import DeclarationError, Problem
from jailpf.model import Rule, Ruleset, Table
from jailpf.system.release import release
from jailpf.values import anchors as names
from jailpf.values.fields import changed

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from jailpf.compile.knows import KnowsJails
    from jailpf.declare.behind import Known
    from jailpf.declare.rules import RuleType, Service
    from jailpf.declare.services import Services
    from jailpf.model import Jail

TRANSLATING = ("nat", "binat")
AFTER_SERVICES = 90
RIDENTIFIER = 14  # the first release whose pfctl is known to take it (facts-2.md section 8)


def compile_jail(
    jail: Jail,
    services: Services,
    jails: KnowsJails,
    extra: Iterable[Rule | Table] = (),
    unwritten: Container[str] = (),
) -> Ruleset:
    """Render everything and lay it out in anchors. `extra`, the rules of jailpf_created, stands above the declared ones.

    unwritten: table files that are about to be written, and not read.

    Raises DeclarationError with the reason for each declaration that makes no rule, and PluginError for a rule that
    is not one.
    """
    work = _Work(jail, services, jails, unwritten)
    for one in extra:
        work.take([one], "plugin")
    work.render()
    work.problems += crowded(work.rendered)
    if work.problems:
        raise DeclarationError(sorted(work.problems, key=lambda problem: problem.place or ()))
    rules = list(with_discovery(jail, in_order(work.rendered)))
    tables = [one for one in work.rendered if isinstance(one, Table)]
    anchors, homeless = lay_out(jail, jails.settings, rules, tables, work.tables.inline)
    if homeless or work.problems:
        raise DeclarationError([*work.problems, *homeless])
    return Ruleset(
        jail=jail, anchors=tuple(anchors), rules=tuple(rules), tables=tuple(tables), inputs=tuple(work.inputs), notes=tuple(work.notes),
        names=tuple(dict.fromkeys(work.named)), waits_for=tuple(dict.fromkeys(work.waits_for)),
    )  # fmt: skip


class _Work:
    def __init__(self, jail: Jail, services: Services, jails: KnowsJails, unwritten: Container[str]) -> None:
        self.jail, self.services, self.jails, self.settings = jail, services, jails, jails.settings
        self.declared = frozenset(one.keyword for one in services.declarations)
        self.apart = apart.pairs(services.services)
        self.tags = apart.tags(jail.name, self.apart)
        self.rendered: Rendered = []
        self.translations, self.redirections = (
            list[Rule](),
            list[Rule](),
        )  # the nat and binat, and the rdr rules in `rendered`
        self.problems: list[Problem] = []
        self.inputs: list[str] = []
        self.translating: tuple[Rule, ...] = ()
        self.outlets: Known = {}
        self.named: list[str] = []
        self.notes: list[Problem] = []
        self.waits_for: list[str] = []
        self.tables = Tables(jail, services, jails, unwritten, self.problems, self.inputs)

    def context(self, name: str, service: Service | None, explicit: bool = True) -> Context:
        return Context(
            jail=self.jail, host=self.settings.host, name=name, service=service, explicit=explicit, direct=self.settings.direct,
            tag_in=self._tag(service), tag_out=names.tag("out", self.jail.name),
            translating=self.translating or tuple(self.translations), lookup=self._lookup, everybody=self._everybody,
            neighbours=self._neighbours, declared=self.declared,
            redirecting=tuple(self.redirections), tables=self.tables.members, _outlets=self.outlets,
        )  # fmt: skip

    def _tag(self, service: Service | None) -> str:
        return self.tags.get(service.name if service else "") or names.tag("in", self.jail.name)

    def _lookup(self, name: str) -> Jail:
        found = self.jails.find(name)
        self.inputs += [*found.inputs, self.jails.file(name)]
        self.named.append(f"{name} {found.face}")
        if not (found.settled or found.addresses):
            self.waits_for.append(name)
        return found

    def _everybody(self) -> Iterable[str]:
        self.inputs.append(os.path.dirname(self.jails.file(self.jail.name)))
        self.named.append("*")
        return self.jails.everybody()

    def _neighbours(self) -> Iterable[Jail]:
        self.inputs.append(os.path.dirname(self.jails.file(self.jail.name)))
        return self.jails.neighbours

    def render(self) -> None:
        if not self.jail.addresses and (
            self.services.services or any(d.keyword != "table" for d in self.services.declarations)
        ):
            self.problems.append(no_address(self.jail, self.services))
            return
        declared = sorted(self.services.declarations, key=lambda one: (one.keyword not in TRANSLATING, one.type.rank))
        for one in declared:
            if one.keyword not in TRANSLATING:
                break
            self._one(one.type, self.context(one.name, None), (one.keyword, one.name))
        if not (self.services.of("nat") or "nat" in self.services.off):
            context = self.context("", None, explicit=False)
            self.take(default_nat(self.jails.registry.rule_types["nat"](), context))
        self.translating = tuple(self.translations)
        self.notes += untranslated(self.jail, self.settings.host, self.services, self.translating)
        self.notes += shadowed(self.translations)
        if self.settings.layout.path("filter", self.jail.name):
            self.take(never_by_default(self.jail, self.settings.host.default_if, self.translating))
        rest = [one for one in declared if one.keyword not in TRANSLATING]
        for one in rest:
            if one.type.rank < AFTER_SERVICES:
                self._one(one.type, self.context(one.name, None), (one.keyword, one.name))
        self._services()
        self.problems += apart.lost(self.apart, self.rendered, self.services)
        for one in rest:
            if one.type.rank >= AFTER_SERVICES:
                self._one(one.type, self.context(one.name, None), (one.keyword, one.name))

    def _services(self) -> None:
        for service in self.services.services:
            done: Rendered = []
            first, redirected, start = len(self.rendered), len(self.redirections), len(self.problems)
            for keyword, rule_type in service.types.items():
                if keyword not in service.explicit and not rule_type.applies(service):
                    continue
                context = self.context(service.name, service, keyword in service.explicit)
                context.rendered = done
                path = ("service", service.name, *((keyword,) if keyword in service.explicit else ()))
                before = len(self.problems)
                done = done + self._one(rule_type, context, path)
                told = {one.message for one in self.problems[start:before]}
                self.problems[before:] = [one for one in self.problems[before:] if one.message not in told]
            if (plain := untagged(done, self._tag(service))) is not done:
                self.rendered[first:] = plain
                self.redirections[redirected:] = acting(("rdr",), plain)

    def _one(self, rule_type: RuleType, context: Context, path: tuple[str, ...]) -> Rendered:
        place = self.services.place(*path)
        waiting = len(self.waits_for)
        try:
            what = f"{type(rule_type).__name__}.render() for {self.jail.name}"
            with foreign(rule_type.plugin, what, place, keep=(RenderError,)):
                made = list(rule_type.render(context))
                checked(made if rule_type.plugin else [])
        except RenderError as wrong:
            message, _, remedy = str(wrong).partition("; ")
            steps = [int(step) if step.isdigit() else step for step in wrong.key.split(".") if step]
            self.problems.append(Problem(message, self.services.place(*path, *steps), remedy))
            return []
        wanted = rule_type.makes
        if len(self.waits_for) == waiting and not any(
            wanted in ("", "table" if isinstance(one, Table) else getattr(one, "action", "")) for one in made
        ):
            reasons = "; ".join(dict.fromkeys(context.reasons)) or "it returned none"
            what = f"no {wanted} rule" if wanted not in ("", "table") else f"no {wanted or 'rule'}"
            remedy = ""
            if "address outside" in reasons and "address inside" in reasons:
                place, remedy = self.services.place(*path, "to"), "write an address of a family that the jail has"
            sentence = f"[{'.'.join(path)}] {rule_type.keyword}: this produces {what}: {reasons}"
            self.problems.append(Problem(sentence, place, remedy))
        for note in (*context.notes, *one_sided(rule_type, context.service, made, self.jail)):
            message, _, remedy = note.partition("; ")
            self.notes.append(Problem(message, place, remedy))
        service = path[1] if path[0] == "service" else f"{path[0]}.{path[1]}"
        return self.take([bound(one, context.named) for one in made], service, path)

    def take(self, made: Iterable[Rule | Table], service: str = "", path: tuple[str, ...] = ()) -> Rendered:
        """Fill in owner, labels and place, read table files, and keep."""
        taken: Rendered = []
        for one in made:
            place = one.place or (self.services.place(*path) if path else None)
            if isinstance(one, Rule):
                labels, number = self._labels(one, service), self._identifier(one, service)
                taken.append(changed(one, service=service, place=place, labels=labels, identifier=number))
            else:
                taken.append(self.tables.take(replace(one, service=service, place=place), path))
        self.rendered += taken
        self.translations += acting(TRANSLATING, taken)
        self.redirections += acting(("rdr",), taken)
        return taken

    def _labels(self, rule: Rule, service: str) -> tuple[str, ...]:
        if rule.action != "pass" or rule.labels:
            return rule.labels
        jail = self.jail.name
        return (names.jail_label(jail), names.service_label(jail, service))

    def _identifier(self, rule: Rule, service: str) -> int:
        """What pf's log says of a rule of the service: of several rules the same."""
        if not rule.log or rule.section != "filter" or rule.identifier or release() < RIDENTIFIER:
            return rule.identifier
        return names.identifier(self.jail.name, service)

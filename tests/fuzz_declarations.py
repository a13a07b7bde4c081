"""Random declarations: each is refused with a place, or renders to text that pf takes and that holds nothing but what was declared.

By hand: `python tests/fuzz_declarations.py 100000 [SEED]` from the repository's root.
"""

from __future__ import annotations

import math
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from random_declarations import REGISTRY, TYPES, Maker, text_of

from jailpf.compile.discovery import DISCOVERY
from jailpf.compile.pftext import checked, rule_text, table_text
from jailpf.compile.whole import compile_jail
from jailpf.declare import toml
from jailpf.declare.host import Host, Uplink
from jailpf.declare.jail_table import JailTable
from jailpf.declare.layout import LAYOUTS, Layout
from jailpf.declare.rules import Service
from jailpf.declare.schema import keys
from jailpf.declare.services import read
from jailpf.declare.settings import Settings
from jailpf.errors import JailpfError, NoJailError, PfRefusedError
from jailpf.lifecycle.jails import Jails, laid_over
from jailpf.model import Jail, Rule, Ruleset, Table
from jailpf.pf.simulated import Simulated
from jailpf.values import Address, Gateway, Interface, Outgoing, Peer, TableName

HOSTS = [
    Host(ext_if=(Interface("em0"),), tables=(TableName("host"),)),
    Host(ext_if=(Interface("em0"), Interface("em1")), nat=(Outgoing.parse("(em0:0)"),), tables=(TableName("host"),)),
    Host(ext_if=(Interface("em0"),), ext_ip4=(Peer.parse("<ext_ip4>"),), ext_ip6=(), tables=(TableName("host"),)),
]
DSL = Uplink(interface=Interface("em1"), gateway=(Gateway.parse("198.18.0.254"), Gateway.parse("fe80::1")))
HOSTS.append(
    Host(
        ext_if=(Interface("em0"), Interface("em1")),
        nat=(Outgoing.parse("(em0:0)"),),
        tables=(TableName("host"),),
        uplinks={"dsl": DSL},
    )
)
OTHERS = {
    "other": Jail(name="other", addresses=(Address.parse("10.0.0.9"), Address.parse("fd00::9"))),
    "bridged": Jail(name="bridged", addresses=(Address.parse("10.0.0.8"),), vnet=True, interface=Interface("bridge0")),
}
WORDS = """
table persist const counters file nat binat rdr pass block in out log quick on inet inet6 proto from to any port all tagged tag ->
static-port keep synproxy state label { } ( ) ! max max-src-states max-src-conn max-src-conn-rate overload flush
drop return no modulate sloppy icmp-type icmp6-type round-robin random source-hash sticky-address route-to reply-to all to
"""
FIXED = set(WORDS.split())


class Known(Jails):
    """Jails that no manager has to be asked for."""

    def everybody(self) -> list[str]:
        """All of them."""
        return [*OTHERS, "web"]

    @property
    def neighbours(self) -> tuple[Jail, ...]:  # type: ignore[override]
        """All of them but this one."""
        return tuple(OTHERS.values())

    def find(self, name: str, services: Any = None) -> Jail:
        """The jail of the declaration, or one of OTHERS."""
        if services is None:
            if name in OTHERS:
                return OTHERS[name]
            raise NoJailError(f"nobody knows {name}")
        own = services.jail
        given = any(own.addresses.values())
        addresses = () if given else tuple(map(Address.parse, ("10.0.0.2", "fd00::2")))
        return laid_over(Jail(name=name, addresses=addresses), own)


class Fuzz:
    """Tries declarations in a folder, and counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "some.table").write_text("192.0.2.0/24 !192.0.2.7\n2001:db8::/32\n")
        (folder / "empty.table").write_text("")
        (folder / "bad.table").write_text("192.0.2.1\nem0\n")
        for path in folder.iterdir():
            path.chmod(0o644)
        self.pf = Simulated()
        self.tried = self.accepted = self.rules = 0
        self.seen: Counter[tuple[str, str]] = Counter()
        self.said: Counter[str] = Counter()

    def one(self, dice: random.Random) -> bool:
        """Make a declaration and try it; True when it was accepted. Raises AssertionError with the text."""
        maker = Maker(dice, dice.choice([0, 0, 0, 0.02, 0.3]))
        text = text_of(maker.declaration())
        layout = dice.choice(["single", "single", "split", "bastille"])
        settings = Settings(
            file=str(self.folder / "jailpf.toml"), adapters=(), host=dice.choice(HOSTS), direct=dice.random() < 0.3,
            layout=Layout(layout, LAYOUTS[layout]),
        )  # fmt: skip
        self.tried += 1
        try:
            ruleset = self.outcome(text, settings)
        except (AssertionError, PfRefusedError) as wrong:
            raise AssertionError(f"{wrong}\n{settings}\n{text}") from wrong
        if ruleset is None:
            return False
        self.accepted += 1
        self.seen.update(maker.written)
        return True

    def outcome(self, text: str, settings: Settings) -> Ruleset | None:
        """What becomes of a text; None when it is refused, rightly."""
        document = toml.parse(text, str(self.folder / "web.toml"))
        jails = Known(settings, REGISTRY)
        try:
            services = read(document, TYPES, settings)
            ruleset = compile_jail(jails.find("web", services), services, jails)
        except JailpfError as wrong:
            self.refused(wrong, text, settings)
            return None
        self.sound(ruleset)
        return ruleset

    def refused(self, wrong: JailpfError, text: str, settings: Settings) -> None:
        """Every problem is one line and has a place that exists."""
        assert wrong.status == 65, wrong
        assert wrong.problems
        for problem in wrong.problems:
            self.said[re.sub(r"'[^']*'|\d+", "_", problem.message)[:40]] += 1
            said = str(problem)
            assert said.isprintable(), said
            if problem.place and problem.place.file == settings.file:
                continue
            assert problem.place, said
            assert Path(problem.place.file).parent == self.folder, said
            whole = text if problem.place.file.endswith("web.toml") else Path(problem.place.file).read_text()
            lines = whole.split("\n")
            assert 1 <= problem.place.line <= len(lines), said
            assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1, said

    def sound(self, ruleset: Ruleset) -> None:
        """The text is what was declared, rule by rule, word by word, and pf sees as many rules."""
        assert bool(ruleset.anchors) == bool(ruleset.rules or ruleset.tables)
        rules = list(ruleset.rules)
        texts: Counter[str] = Counter()
        for anchor in ruleset.anchors:
            lines = anchor.text.splitlines()
            assert anchor.text == "".join(f"{line}\n" for line in lines)
            for line in lines:
                assert checked(line) == line
            inside = [one for one in rules if rule_text(one) in lines]
            own = {str(one.name) for one in ruleset.tables} & set(re.findall(r"<([^>]+)>", anchor.text))
            assert own == {name for name in own if f"table <{name}> " in anchor.text}, anchor.text
            texts.update(line for line in lines if not line.startswith("table "))
            printed = [line for line in self.pf.printed(anchor.path, anchor.text) if not line.startswith("table ")]
            assert len(printed) == sum(map(expansion, inside)), (anchor.text, printed)
            self.rules += len(printed)
        first = [one for one in rules if one.order == "first"]  # what is denied is in an anchor above, too
        denied = [one for one in first if one.action == "block" or one.icmp_type == DISCOVERY]
        assert texts == Counter(map(rule_text, [*rules, *denied]))
        for one in rules:
            words_of(rule_text(one), one)
        for table in ruleset.tables:
            line = table_text(table)
            assert any(line in anchor.text.splitlines() for anchor in ruleset.anchors), line
            words_of(line, table)


def expansion(rule: Rule) -> int:
    """How many rules pf makes of one."""
    protos = rule.proto.names if rule.proto else ()
    lists = (rule.on, protos, rule.source, rule.source_port, rule.to, rule.port, rule.icmp_type)
    return math.prod(len(one) or 1 for one in lists)


def words_of(line: str, one: Rule | Table) -> None:
    """No word of a line is anything but a word of the form or a value that was declared."""
    values: list[object] = []
    if isinstance(one, Rule):
        state = one.state
        limits = (
            [state.max, state.max_src_conn, state.max_src_conn_rate, state.max_src_states, f"<{state.overload}>"]
            if state
            else []
        )
        values += [
            *one.on,
            *one.source,
            *one.source_port,
            *one.to,
            *one.port,
            one.target,
            *limits,
            *one.more_targets,
            *one.icmp_type,
            *(re.findall(r"[^ (,)]+", str(one.log)) if one.log else ()),
            *(one.proto.names if one.proto else ()),
        ]
        values += [f"ridentifier {one.identifier}"] if one.identifier else []
        values += [f'"{word}"' for word in (one.tag, one.tagged, *one.labels)]
        values += [f"0x{one.pool.key}"] if one.pool and one.pool.key else []
        values += [one.target_port, f"{one.target_port.first}:*"] if one.target_port else []
    else:
        values += [f"<{one.name}>", f'"{one.file}"', *(one.addresses or ())]
    allowed = FIXED | {word for value in values for word in str(value).split()}
    if isinstance(one, Rule) and one.route:
        allowed.add(f"({one.route.interface} {one.route.gateway})")
    words = re.findall(r'"[^"]*"|\((?=max)|\((?:em|lo|vtnet|bridge|self)[^)]*\)|[^\s,()]+|\)', line)
    extra = [word for word in words if word not in allowed]
    assert not extra, (line, extra)


def declared_keys() -> set[tuple[str, str]]:
    """Every key that there is."""
    classes = {"jail": JailTable, "service": Service, **TYPES}
    return {(where, name) for where, cls in classes.items() for name in keys(cls)}


def main(count: int, seed: int) -> int:
    """Try `count` declarations and say what was found."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(Path(folder))
        for number in range(count):
            try:
                fuzz.one(random.Random(seed * 1_000_003 + number))
            except AssertionError as wrong:
                print(f"number {number} of seed {seed}: {wrong}")
                return 1
    share = 100 * fuzz.accepted / fuzz.tried
    print(
        f"{fuzz.tried} tried, {fuzz.accepted} accepted ({share:.1f} %), {fuzz.rules} rules of pf, {time.monotonic() - start:.0f} s"
    )
    print(f"keys never seen in an accepted one: {sorted(declared_keys() - set(fuzz.seen)) or 'none'}")
    print(f"{len(fuzz.said)} kinds of sentences; the rarest: {[said for said, _ in fuzz.said.most_common()[-5:]]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else 0))

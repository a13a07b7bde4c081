"""`Simulated`: the pf in memory, with the interface of `jailpf.pf.Pf` and beyond it `connect`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError
from jailpf.pf import Everywhere, KillBy, LabelCount, Loaded, State
from jailpf.pf.simulated.default import DEFAULT_MAIN
from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.kernel import ask, kill, tables
from jailpf.pf.simulated.kernel.model import Model, Ruleset
from jailpf.pf.simulated.kernel.store import Store
from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.language.parse import Parsed, parse
from jailpf.pf.simulated.rules.paths import check_path
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from jailpf.pf.simulated.kernel.connection import Connection
    from jailpf.pf.simulated.rules.rule import Rule


class Simulated:
    """A pf as FreeBSD 15.1 has it, without a kernel.

    state: a file that keeps it between commands, safe for several processes; None: in memory only. main: the
    text of pf.conf, by default the lines of `jailpf init`. now: the clock, in seconds; make: called before the first change,
    to make the folder of the file. Raises PfUnavailableError when the file cannot be used, PfRefusedError for a main ruleset that pf
    would refuse.
    """

    def __init__(
        self,
        state: Path | str | None = None,
        main: str | None = None,
        topology: Topology | None = None,
        now: Callable[[], float] = time.time,
        make: Callable[[], None] | None = None,
    ) -> None:
        self.now = now
        model = Model(topology or Topology())
        wanted = DEFAULT_MAIN if main is None else main
        surroundings = model.topology.to_json()

        def fresh(model: Model) -> None:
            model.topology.update(surroundings)
            self._set_main(model, wanted)

        self._store = Store(Path(state) if state else None, model, fresh, make)
        model.topology.changing = self._store.changing
        unkept = state is not None and make is None and not Path(state).exists()
        if main is not None and (unkept or self.main() != main):
            self.set_main(main)

    def check(self, path: str, text: str) -> None:
        """Parse `text` as the rules of anchor `path`, loading nothing. Raises PfRefusedError with the
        lines.
        """
        check_path(path)
        with self._store.reading() as model:
            parse(text, model.topology).checked()

    def printed(self, path: str, text: str) -> list[str]:
        """The rules and tables of `text` as pf would print them; loads nothing. Raises PfRefusedError."""
        check_path(path)
        with self._store.reading() as model:
            return parse(text, model.topology).checked().listing().splitlines()

    def printed_children(self, parent: str, texts: Mapping[str, str]) -> dict[str, list[str]]:
        """The same of `parent`/NAME for every NAME."""
        return {name: self.printed(f"{parent}/{name}", text) for name, text in texts.items()}

    def load(self, path: str, text: str) -> None:
        """Replace all rules of the anchor, and the tables that `text` names, in one transaction. Raises
        PfRefusedError.
        """
        check_path(path)
        with self._store.changing() as model:
            model.load(path, parse(text, model.topology).checked(), self.now())

    def load_children(self, parent: str, texts: Mapping[str, str]) -> None:
        """Load `parent`/NAME for every NAME in one transaction; the rules of `parent` itself go (facts.md
        section 2).
        """
        check_path(parent)
        paths = {f"{parent}/{name}": text for name, text in texts.items()}
        for path in paths:
            check_path(path)
        with self._store.changing() as model:
            parsed = {path: parse(text, model.topology, name=path) for path, text in paths.items()}
            problems = [problem for result in parsed.values() for problem in result.problems]
            if problems:
                raise PfRefusedError(problems)
            if parent in model.rulesets:
                model.load(parent, Parsed(), self.now())
            for path, result in parsed.items():
                model.load(path, result, self.now())

    def unload(self, path: str, *, tables: bool = True) -> None:
        """Remove all rules and tables of the anchor, not those of its children. A missing anchor is fine.

        tables: False leaves its `persist` tables, as `pfctl -f /dev/null` alone does.
        """
        check_path(path)
        with self._store.changing() as model:
            if tables:
                model.put(path, Ruleset(), self.now())
            else:
                model.load(path, Parsed(), self.now())

    def read(
        self, path: str, *, members: bool = True, tables: bool = True, sections: Collection[str] = ("nat", "rules")
    ) -> Loaded:
        """What is loaded; empty when the anchor does not exist. "" is the main ruleset. False leaves the tables, or only
        their addresses, out; sections: those rules that are asked for.
        """
        with self._store.reading() as model:
            ruleset = model.rulesets.get(path, Ruleset())
            nat = _nat(ruleset) if "nat" in sections else ()
            rules = _filter(ruleset) if "rules" in sections else ()
            held = sorted(ruleset.tables.items()) if tables else ()
            shown = {name: tuple(table.show()) if members else () for name, table in held}
        return Loaded(path, nat, rules, shown)

    def everywhere(self) -> Everywhere:
        """The rules of all anchors."""
        with self._store.reading() as model:
            held = [(path, ruleset) for path, ruleset in model.rulesets.items() if path]
            return Everywhere({path: _nat(one) for path, one in held}, {path: _filter(one) for path, one in held})

    def anchors(self, below: str = "") -> list[str]:
        """The full paths of all anchors, or of those below one, sorted.

        An anchor that was just emptied is listed for 20 seconds more, or until `purge`.
        """
        with self._store.reading() as model:
            found = model.listed(self.now())
        return sorted(path for path in found if not below or path.startswith(f"{below}/"))

    def labels(self, paths: Sequence[str]) -> list[LabelCount]:
        """The labelled rules in those anchors, with counters; missing anchors are skipped."""
        found = []
        with self._store.reading() as model:
            for ruleset in (model.rulesets[path] for path in paths if path in model.rulesets):
                for index, rule in enumerate(ruleset.rules["filter"]):
                    if rule.labels:
                        counts = ruleset.counters.get(f"filter:{index}", [0, 0, 0, 0])
                        found.append(LabelCount(rule.labels, *counts))
        return found

    def states(self, of: Collection[str] | None = None) -> list[State]:
        """The states of the host, or those that name one of these addresses."""
        with self._store.reading() as model:
            found = [state.line() for state in model.states.values()]
        return [state for state in found if of is None or state.addresses & set(of)]

    def kill(self, by: KillBy, value: str) -> int:
        """Kill the states made by rules with a label, of a NATed source address, or of one id. Returns how
        many.
        """
        with self._store.changing() as model:
            return kill.kill(model, by, value)

    def table(self, path: str, name: str, command: str, addresses: Iterable[str] = (), seconds: int = 0) -> list[str]:
        """`pfctl -T`: show (returns the addresses), add, delete, replace, kill, or expire (older than `seconds`).

        Raises PfRefusedError when the table does not exist, is const, or an address is none.
        """
        with self._store.changing() as model:
            return tables.command(model, path, name, command, addresses, seconds, self.now())

    def enabled(self) -> bool:
        """Whether pf filters at all; see `enable`."""
        with self._store.reading() as model:
            return model.enabled

    def skipped(self) -> list[str]:
        """Interfaces under `set skip` of the main ruleset."""
        with self._store.reading() as model:
            return list(model.skips)

    def limit(self, name: str) -> int | None:
        """A memory limit of `pfctl -s memory`: the defaults of 15.1, None where there is no such limit."""
        return {
            "states": 100000,
            "src-nodes": 10000,
            "frags": 5000,
            "table-entries": 200000,
            "anchors": 512,
        }.get(name)

    def nat_kill(self) -> bool:
        """Whether `kill("nat", ...)` exists: yes, as on 15."""
        return True

    # Beyond Pf

    @property
    def topology(self) -> Topology:
        """The host around pf: interfaces and jails. What its methods change is kept."""
        with self._store.reading() as model:
            return model.topology

    def enable(self, enabled: bool = True) -> None:
        """`pfctl -e`, or with False `pfctl -d`."""
        with self._store.changing() as model:
            model.enabled = enabled

    def purge(self) -> None:
        """What the purge thread does some seconds later: anchors that were emptied are no longer listed."""
        with self._store.changing() as model:
            model.gone.clear()

    def main(self) -> str:
        """The text of the main ruleset."""
        with self._store.reading() as model:
            return model.main_text

    def set_main(self, text: str) -> None:
        """`pfctl -f pf.conf`: replace the main ruleset; anchors stay. Raises PfRefusedError."""
        with self._store.changing() as model:
            self._set_main(model, text)

    def connect(
        self,
        proto: str,
        source: str,
        to: str,
        port: int = 0,
        *,
        source_port: int = 40000,
        interface: str | None = None,
        sender: str = "outside",
        keep: bool = True,
        listens: bool = True,
    ) -> Connection:
        """Open a connection and say what becomes of it.

        source: an address, or "" for the sender's own of the family. sender: "outside", "host" or
        "jail:NAME". interface: where the packet appears first, when it is not the usual one. keep: make
        states and count; False leaves no trace. listens: False when the port is closed where it arrives. Raises
        UsageError for what is no address, protocol or interface, NoJailError.
        """
        context = self._store.changing if keep else self._store.reading
        with context() as model:
            question = ask.Question(proto, source, to, port, source_port, interface or "", sender, listens)
            return ask.connect(model, question, self.now(), keep)

    def opened(self) -> AbstractContextManager[Model]:
        """The model as it is now, for explain.py, nearest.py and reach.py."""
        return self._store.reading()

    def close(self, connection: Connection) -> None:
        """End a connection: its states go."""
        with self._store.changing() as model:
            for state in connection.states:
                model.states.pop(state, None)

    def _set_main(self, model: Model, text: str) -> None:
        parsed = parse(text, model.topology, name="pf.conf", main=True).checked()
        model.load("", parsed, self.now())
        for path, loaded in parsed.loaded:
            model.load(path, loaded, self.now())
        model.main_text, model.skips = text, parsed.skips


def _nat(ruleset: Ruleset) -> tuple[str, ...]:
    return tuple(text for section in ("nat", "rdr", "binat") for text in _texts(ruleset.rules[section]))


def _filter(ruleset: Ruleset) -> tuple[str, ...]:
    return tuple(_texts(ruleset.rules["filter"]))


def _texts(rules: Sequence[Rule]) -> Iterable[str]:
    return rules.texts() if isinstance(rules, Written) else map(rule_text, rules)

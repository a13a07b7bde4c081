"""A Simulated made of what a real pf holds: the ground that `jailpf trace` and `jailpf reach` stand on.

Lines of the main ruleset that cannot be parsed are kept as unknown rules; where one of them might decide,
`connect` answers "unknown" and names it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError
from jailpf.pf.simulated.driver import Simulated
from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.kernel.model import Ruleset
from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.parse import parse
from jailpf.pf.simulated.language.tables import Table, parse_entry
from jailpf.pf.simulated.rules.rule import SECTIONS, TRANSLATIONS, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jailpf.pf import Loaded
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.language.parsed import Parsed


def rebuild(
    main: str | Sequence[str],
    anchors: Iterable[Loaded] = (),
    tables: Mapping[str, Sequence[str]] | None = None,
    topology: Topology | None = None,
    skips: Iterable[str] = (),
    now: Callable[[], float] = time.time,
) -> Simulated:
    """A pf in memory that decides as the one that is described.

    main: the text of a pf.conf, or the lines that `pfctl -P -sn` and `pfctl -P -sr` print. anchors: what the
    anchors hold, as `Pf.read` gives it. tables: the contents of the main ruleset's tables. skips: interfaces
    under `set skip` beyond those that the text names. Raises PfRefusedError for a table's entry that is no
    address.
    """
    pf = Simulated(main="", topology=topology or Topology(), now=now)
    with pf.opened() as model:
        printed = not isinstance(main, str)
        text = main if isinstance(main, str) else "\n".join(main) + "\n"
        parsed = parse(text, model.topology, name="pf.conf", main=True, printed=printed, lenient=True)
        model.load("", parsed, now())
        model.main_text, model.skips = text, [*parsed.skips, *skips]
        model.doubtful = set(parsed.doubtful)
        if not printed:
            _forget_unfilled(model, parsed, tables or {})
        _set_tables(model, "", tables or {}, now())
        _load_files(model, parsed, now())
        for anchor in anchors:
            _load(model, anchor, now())
    return pf


def call_first(pf: Simulated, parent: str, anchors: Iterable[tuple[str, Iterable[str]]]) -> None:
    """Load rdr rules of others, (name, lines), at PARENT/NAME, and call them above all other rdr rules of the main ruleset."""
    loaded = [(f"{parent}/{name}", "".join(f"{line}\n" for line in lines)) for name, lines in anchors]
    for path, text in loaded:
        pf.load(path, text)
    with pf.opened() as model:
        call = parse(f'rdr-anchor "{parent}/*"\n' if loaded else "", model.topology, name=parent, main=True).rules
        main = model.rulesets[""]
        main.parsed = {**main.rules, "rdr": [*call["rdr"], *main.rules["rdr"]]}
        model.cache.clear()


def _load_files(model: Model, parsed: Parsed, now: float) -> None:
    """What `load anchor` names; of a file that cannot be read here nothing is known."""
    for path, loaded in parsed.loaded:
        model.load(path, loaded, now)
    for path, file in parsed.loads:
        if path not in dict(parsed.loaded):
            unread = Rule("unknown", text=f'load anchor "{path}" from "{file}"', expanded=f"{file} cannot be read here")
            model.serial += 1
            model.put(path, Ruleset(model.serial, parsed={section: [unread] for section in SECTIONS}), now)


def unfilled(parsed: Parsed) -> set[str]:
    """The tables that a file leaves without addresses, or only names: programs fill them while pf runs."""
    rules = (rule for found in parsed.rules.values() for rule in found)
    hosts = (
        host for rule in rules for host in (rule.source, rule.destination, *(rule.pool.hosts if rule.pool else ()))
    )
    named = {host.name for host in hosts if host.kind == "table"} - parsed.tables.keys()
    return named | {name for name, definition in parsed.tables.items() if definition.hosts is None}


def _forget_unfilled(model: Model, parsed: Parsed, tables: Mapping[str, Sequence[str]]) -> None:
    """What is in these is not known from the file."""
    for name in unfilled(parsed) - tables.keys():
        model.rulesets[""].tables.pop(name, None)
        model.doubtful.add(name)


def unparsed(main: str | Sequence[str], topology: Topology | None = None) -> list[tuple[int, str]]:
    """The lines of a main ruleset that the simulated pf does not know: number and text."""
    text = main if isinstance(main, str) else "\n".join(main) + "\n"
    printed = not isinstance(main, str)
    return parse(text, topology or Topology(), main=True, printed=printed, lenient=True).unknown


def _load(model: Model, anchor: Loaded, now: float) -> None:
    model.serial += 1
    model.put(anchor.path, Ruleset(model.serial, parsed=_sections(model, anchor)), now)
    if anchor.tables:
        ruleset = model.rulesets.setdefault(anchor.path, Ruleset(model.serial))
        ruleset.tables = {name: Table(persist=True) for name in anchor.tables}
        _set_tables(model, anchor.path, anchor.tables, now)


def _set_tables(model: Model, path: str, tables: Mapping[str, Sequence[str]], now: float) -> None:
    for name, addresses in tables.items():
        table = model.rulesets[path].tables.setdefault(name, Table(persist=True))
        try:
            table.set([host for text in addresses for host in parse_entry(text, model.topology)], now)
        except RuleError as error:
            raise PfRefusedError(f"table <{name}>: {error}") from None


def _sections(model: Model, anchor: Loaded) -> Mapping[str, Sequence[Rule]]:
    """What pfctl prints of an anchor, read when it is looked at; at once where a rule goes over several lines."""
    lines = [*anchor.nat, *anchor.rules]
    if any(line.endswith("{") for line in lines):
        text = "\n".join(lines) + "\n"
        return parse(text, model.topology, name=anchor.path, printed=True, lenient=True).rules
    numbered = list(enumerate(lines, 1))
    found: dict[str, list[tuple[int, str]]] = {section: [] for section in SECTIONS}
    for number, line in numbered[: len(anchor.nat)]:
        word = line.removeprefix("no ").partition(" ")[0].removesuffix("-anchor")
        found[word if word in TRANSLATIONS else "nat"].append((number, line))
    found["filter"] = [one for one in numbered[len(anchor.nat) :] if not one[1].startswith(("scrub ", "no scrub "))]
    return {section: Written(held, model.topology, printed=True) for section, held in found.items()}

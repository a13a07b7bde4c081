"""Golden pairs: tests/cases/NAME.toml and what it becomes, NAME.pf, or its problems, NAME.err.

NAME.host.toml is its jailpf.toml; by default there is only `ext_if = "em0"`. The jail has 10.0.0.2 and fd00::2 unless it says
otherwise, `other` is a jail with 10.0.0.9 and fd00::9, `bridged` a vnet jail with 10.0.0.8, and `known` one that outside knows. JAILPF_REFRESH=1 writes
what would be compared.
"""

from __future__ import annotations

import difflib
import itertools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jailpf.compile.pftext import checked
from jailpf.declare.jail_table import JailTable
from jailpf.declare.rules import Service
from jailpf.declare.schema import keys
from jailpf.errors import JailpfError, PfRefusedError
from jailpf.pf.simulated import Simulated
from jailpf.registry import build
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).with_name("cases")
HOST = '[host]\next_if = "em0"\n'
FOLDER = "/usr/local/etc/jailpf/jails/"
NAMES = sorted(path.stem for path in CASES.glob("*.toml") if not path.stem.endswith(".host"))
RENDERED = sorted(path.stem for path in CASES.glob("*.pf"))


def outcome(name: str, folder: Path) -> tuple[str, str]:
    """(".pf" or ".err", the text)."""
    settings = CASES / f"{name}.host.toml"
    host = SimulatedHost(folder / "host", settings=settings.read_text() if settings.exists() else HOST)
    host.declare("[service.other]\nport = 1\n", "other", ip4="10.0.0.9", ip6="fd00::9")
    host.declare("[service.other]\nport = 1\n", "bridged", ip4="10.0.0.8", ip6="", vnet=True)
    host.declare("[service.other]\nport = 1\n", "apart", ip4="10.0.2.8", ip6="", vnet=True, interface="bridge1")
    host.declare("[service.other]\nport = 1\n", "known", ip4="203.0.113.9", ip6="2001:db8::9")
    files = {path.name: path.read_text() for path in CASES.glob("*.table")}
    toml = (CASES / f"{name}.toml").read_text()
    try:
        return ".pf", host.render(toml, "web", files=files, ip4="10.0.0.2", ip6="fd00::2")
    except PfRefusedError:
        raise
    except JailpfError as wrong:
        return ".err", "".join(f"{line}\n" for line in host.lines(wrong.problems))


@pytest.mark.parametrize("name", NAMES)
def test_a_case_becomes_what_it_is_said_to_become(name: str, tmp_path: Path) -> None:
    """NAME.toml renders to NAME.pf, which pf takes, or is refused with the problems in NAME.err."""
    suffix, text = outcome(name, tmp_path)
    if os.environ.get("JAILPF_REFRESH"):
        (CASES / f"{name}{suffix}").write_text(text)
        (CASES / f"{name}{'.err' if suffix == '.pf' else '.pf'}").unlink(missing_ok=True)
    said = {path.suffix: path.read_text() for path in (CASES / f"{name}.pf", CASES / f"{name}.err") if path.exists()}
    diff = difflib.unified_diff(
        said.get(suffix, "").splitlines(), text.splitlines(), f"{name}{suffix}", "now", lineterm=""
    )
    assert said == {suffix: text}, "\n".join(diff)


def anchors(name: str) -> Iterator[tuple[str, str]]:
    """(path, text) of each anchor of a NAME.pf."""
    text = (CASES / f"{name}.pf").read_text().replace(FOLDER, f"{CASES}/")
    if not text.startswith("# "):
        text = f"# jailpf/web\n{text}"
    for part in re.split(r"(?m)^# ", text)[1:]:
        path, _, rules = part.partition("\n")
        yield path, rules.strip("\n") + "\n"


@pytest.mark.parametrize("name", RENDERED)
def test_pf_takes_every_golden_text(name: str) -> None:
    """Every .pf passes the shape check line by line, and the simulated pf; what pf prints of it means the same."""
    pf = Simulated()
    for path, rules in anchors(name):
        for line in filter(None, rules.splitlines()):
            assert checked(line) == line
        pf.check(path, rules)
        printed = [line for line in pf.printed(path, rules) if not line.startswith("table ")]
        again = re.sub(r"\b(tag|tagged) (\S+)", r'\1 "\2"', "".join(f"{line}\n" for line in printed))
        assert pf.printed(path, again) == printed


ADDRESS = r"\d+(\.\d+){3}(/\d+)?|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:]*(/\d+)?|any|<[^>]+>"
KINDS = {
    "ADDRESS": ADDRESS, "PORT:*": r"\d+:\*", "RATE": r"\d+/\d+", "N": r"\d+(:\d+)?", "IF": r"(em|lo|bridge|wg|pflog)\d",
    "PROTO": "tcp|udp|icmp6?|esp|gre|ah", "inet": "inet6",
}  # fmt: skip


def form(rule: str) -> list[str]:
    """A rule as a list of words, with kinds of values in place of values, and of lists. 13 gets no ridentifier."""
    rule = re.sub(r" ridentifier \d+", "", rule)
    rule = re.sub(r'"[^"]*"', "NAME", rule)
    rule = re.sub(r"\b(tag|tagged|label) \S+", r"\1 NAME", rule)
    rule = re.sub(r"\((em\d|lo\d|wg\d|bridge\d|self)(:\w+)*\)", "any", rule)
    words = re.sub(r"([{}!()])", r" \1 ", rule).replace(",", " ").split()
    kinds = [next((kind for kind, pattern in KINDS.items() if re.fullmatch(pattern, word)), word) for word in words]
    whole = " ".join(kinds)
    for kind in ("ADDRESS", "N", "IF", "PROTO"):
        whole = re.sub(rf"{{ (! )?{kind}( (! )?{kind})* }}", kind, whole)
    return whole.split()


# On a running 15.1 (facts.md), and by the same grammar rule on 13: `tag` behind an address, options of a table in a row.
SEEN = {("ADDRESS", "tag"), ("const", "counters")}
TYPES = {"neighbrsol", "neighbradv"}  # names of pfctl's table of icmp6 types


def test_both_versions_take_the_words_in_this_order() -> None:
    """In tables and translation rules each word follows one that it follows in a rule that pfctl of 13 and 15 took; in
    filter rules, whose options have no order, each word is one of those. sctp and source-hash of a table are for later ones.
    """
    text = Path(__file__).with_name("forms_13_and_15.txt").read_text()
    taken = [["^", *form(line), "$"] for line in text.splitlines() if not line.startswith("#")]
    pairs = {pair for words in taken for pair in itertools.pairwise(words)} | SEEN
    known = {word for words in taken for word in words} | TYPES
    for name in set(RENDERED) - {"service-sctp", "rdr-pool-source-hash", "layout-split-pool"}:
        for _, rules in anchors(name):
            for words in map(form, filter(None, rules.splitlines())):
                assert set(words) <= known, (name, set(words) - known)
                if words[0] not in ("pass", "block"):
                    new = set(itertools.pairwise(["^", *words, "$"])) - pairs
                    assert not new, (name, new)


def spelled(name: str) -> set[str]:
    """Every key that the text of a case writes."""
    return set(re.findall(r"([a-z0-9_]+) = ", (CASES / f"{name}.toml").read_text()))


def test_every_key_is_in_a_case_that_renders() -> None:
    """No key is offered without a golden pair."""
    for cls in (JailTable, Service, *build().rule_types.values()):
        wanted = set(keys(cls))
        seen = {key for name in RENDERED for key in spelled(name)}
        assert wanted <= seen, f"{cls.__name__}: {wanted - seen}"


def test_every_case_says_what_it_shows() -> None:
    """Each case begins with a sentence, and nothing lies in the folder without one."""
    for name in NAMES:
        assert re.match(r"# [A-Z`a-z].*\.\n", (CASES / f"{name}.toml").read_text()), name
    stray = {path.name for path in CASES.iterdir()} - {
        f"{name}{suffix}" for name in NAMES for suffix in (".toml", ".host.toml", ".pf", ".err")
    }
    assert stray == {"bad.table", "empty.table", "some.table"}

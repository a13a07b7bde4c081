"""The language, held against what the real pfctl of FreeBSD 15.1 said of 3,857 rule files (verdicts-2.json names the
origin): verdict, printed text and every complaint with its line.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.errors import PfRefusedError
from jailpf.pf.simulated.explain import rebuild
from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.kernel.decide import Kernel
from jailpf.pf.simulated.kernel.flat import Flat
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.language.context import WITHOUT_A_WORD
from jailpf.pf.simulated.language.files import read_rules
from jailpf.pf.simulated.language.parse import Parsed, parse
from jailpf.pf.simulated.reach.boxes import Box, divided
from jailpf.pf.simulated.reach.reach import reach
from jailpf.pf.simulated.rules.paths import check_path
from jailpf.pf.simulated.rules.rule import SECTIONS
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.reached import Reached

RECORDED = json.loads((Path(__file__).parent / "verdicts-2.json").read_text())
STANDARD = "-o none -nvPf rules.pf"
# With other arguments pfctl prints less, or numbers, or what its optimizer makes of the rules: asked below.
ASKED = re.compile(r"(-D \w+=\w+ )*(-a jailpf/web )?-o none -nvP?f rules\.pf")


def _topologies() -> Mapping[str, Topology]:
    wide = {**RECORDED["interfaces"]["wide"], "tun0": ["10.8.0.1/32 --> 10.8.0.2"]}
    return {"default": Topology.of(RECORDED["interfaces"]["default"]), "wide": Topology.of(wide)}


TOPOLOGIES = _topologies()


def _topics() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in RECORDED["cases"]:
        if ASKED.fullmatch(case.get("args", STANDARD)):
            found[re.sub(r"-\d+(-a)?$", "", case["id"])].append(case)
    return found


TOPICS = _topics()


def _said(case: dict[str, Any], path: str, arguments: str) -> Parsed:
    macros = dict(re.findall(r"-D (\w+)=(\w+)", arguments))
    topology = TOPOLOGIES["wide" if case.get("wide") else "default"]
    return parse(case["text"], topology, name="rules.pf", main=not path, path=path or "-", macros=macros)


def _difference(case: dict[str, Any], path: str) -> str:
    """What differs for a case, "" for nothing."""
    arguments = case.get("args", STANDARD)
    parsed = _said(case, path, arguments)
    if bool(parsed.problems) != bool(case.get("exit")):
        return f"verdict: {parsed.problems or 'accepted'}"
    complaints = [str(problem) for problem in parsed.problems if problem.message != WITHOUT_A_WORD]
    if complaints != _complaints(case):
        return f"complaints: {complaints}"
    partly = parsed.lines_max is not None or any("load anchors" in str(problem) for problem in parsed.problems)
    printed = "".join(f"{line}\n" for line in parsed.head)
    if not parsed.problems or partly:
        printed = parsed.listing(numeric="-nvPf" in arguments)
    return "" if printed == case.get("out", "") else f"printed: {printed}"


def _complaints(case: dict[str, Any]) -> list[str]:
    """pfctl's complaints; without what it says of rules that it takes, and of what it does."""
    lines = [line.removeprefix("pfctl: ") for line in case.get("err", "").splitlines() if line]
    remarks = ("skipping duplicate table", "warning: synproxy", "Loading anchor", "the sum of the child", "broken.os:")
    return [line for line in lines if not any(remark in line for remark in remarks)]


@pytest.mark.parametrize("topic", TOPICS)
def test_recorded(topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule file of a topic, as main ruleset and as an anchor, gets pfctl's answer."""
    wrong = []
    monkeypatch.chdir(tmp_path)
    for number, case in enumerate(TOPICS[topic]):
        folder = tmp_path / str(number)
        if "files" in case:
            _write(folder, RECORDED["files"][case["files"]])
        path = "jailpf/web" if "-a jailpf/web" in case.get("args", "") else ""
        paths = (path, "jailpf/web") if case.get("anchor") else (path,)
        found = ((one, _difference(case, one)) for one in paths)
        wrong += [f"{case['id']} {one}: {what}\n{case['text'][:500]}" for one, what in found if what]
        monkeypatch.chdir(tmp_path)
    assert not wrong, "\n".join(wrong[:10])


def _write(folder: Path, files: Mapping[str, str]) -> None:
    import os

    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    os.chdir(folder)


ODD = {case["id"]: case for case in RECORDED["cases"] if not ASKED.fullmatch(case.get("args", STANDARD))}
OPTIMIZED = {name: case for name, case in ODD.items() if name.startswith("optimizer")}
# What pfctl prints with these, of the head (settings and macros) and of each section.
PRINTS = {
    "-nf": (), "-nqf": (), "-nOvf": ("head",), "-nAvf": ("head",), "-nNvf": ("head", "nat", "rdr", "binat"), "-T load -nvf": ("head", "table"),
}  # fmt: skip
# pfctl's own arguments, of which the rules know nothing.
PFCTLS_OWN = {"-nRvf rules.pf", "-o bogus -nvf rules.pf"}


@pytest.mark.parametrize("case", OPTIMIZED.values(), ids=OPTIMIZED)
def test_what_the_optimizer_makes_of_rules_decides_as_they_do(case: dict[str, Any]) -> None:
    """pfctl joins, drops and reorders rules, and puts lists into tables of its own; what we read from either is one."""
    said = _said(case, "", STANDARD)
    assert bool(said.problems) == bool(case.get("exit"))
    assert [str(problem) for problem in said.problems] == _complaints(case)
    lines = case.get("out", "").splitlines()
    assert [line for line in said.listing().splitlines() if line.startswith("scrub")] == [
        line for line in lines if line.startswith("scrub")
    ]
    topology = TOPOLOGIES["default"]
    written, printed = (rebuild(text, topology=topology) for text in (case["text"], _readable(lines)))
    if said.problems:
        return
    assert not [*_beyond(reach(written), reach(printed)), *_beyond(reach(printed), reach(written))]
    with written.opened() as one, printed.opened() as other:
        assert _firsts(one) == _firsts(other)


def _beyond(some: list[Reached], others: list[Reached]) -> list[object]:
    """What is in some rows and in none of the others, however they are cut."""
    return [
        (row.delivered_to, part)
        for row in some
        for part in divided(_box(row), [_box(one) for one in others if _end(one) == _end(row)])[0]
    ]


def _box(row: Reached) -> Box:
    return Box(row.sources, row.source_ports, row.to, row.ports)


def _end(row: Reached) -> tuple[object, ...]:
    return row.origin, row.family, row.proto, row.address, row.port, row.shift, row.answered


def _readable(lines: list[str]) -> str:
    """What pfctl prints, as a file: tables that it makes itself stand where a file may have them."""
    tables = [line for line in lines if line.startswith("table ")]
    return "\n".join([*tables, *(line for line in lines if line not in tables), ""]).replace("<__", "<")


def _firsts(model: Model) -> list[tuple[str, str, list[tuple[bool | None, str]]]]:
    """What nat and rdr make of packets between addresses that the cases name."""
    kernel = Kernel(model)
    found = []
    for last in range(9):
        for section, direction in (("nat", "out"), ("rdr", "in")):
            ends = (0x0A000000 + last, 0xC0000201) if section == "nat" else (0xC0000201, 0x0A000000 + last)
            packet = Packet("inet", "tcp", ends[0], 40000, ends[1], 80, "em0", direction)
            decided = kernel.translate(packet, section)
            found.append((section, direction, [(one.flat is not None, one.verdict) for one in decided]))
    return found


@pytest.mark.parametrize(
    "case", [case for name, case in ODD.items() if name not in OPTIMIZED], ids=lambda case: str(case["id"])
)
def test_other_arguments(case: dict[str, Any], tmp_path: Path) -> None:
    """With numbers, without some sections, for a path that cannot be one, of a file that is not there."""
    arguments, _, file = case["args"].rpartition(" ")
    if case["args"] in PFCTLS_OWN:
        assert case["exit"] == 1
        return
    if file != "rules.pf":
        assert _read(tmp_path / file) is (OSError if case.get("exit") else str)
        return
    anchor = re.search(r"-a (\S+)", arguments)
    path = anchor[1].strip("'") if anchor else ""
    wrong = _refused(path) if anchor and "*" not in path else ""
    said = _said(case, path, case["args"])
    complaints = [wrong] if wrong else [str(problem) for problem in said.problems]
    assert complaints == [line for line in _complaints(case) if "not used" not in line and "definition" not in line]
    if not case.get("exit"):
        wanted = [line for line in case.get("out", "").splitlines() if not line.startswith("Loaded ")]
        plain = [re.sub(r"<(\w+):\d+>", r"<\1>", re.sub(r"^ *@\d+ ", "", line)) for line in wanted]
        assert list(dict.fromkeys(plain)) == list(dict.fromkeys(_shown(said, arguments)))


def _read(file: Path) -> type:
    try:
        return type(read_rules(str(file)))
    except OSError:
        return OSError


def _refused(path: str) -> str:
    try:
        check_path(path)
    except PfRefusedError as wrong:
        return str(wrong.problems[0].message)
    return ""


def _shown(said: Parsed, arguments: str) -> list[str]:
    """The lines that pfctl would print of it, indentation of bodies aside where it numbers them."""
    lines = said.listing(numeric="P" in arguments).splitlines()
    if "vv" in arguments:
        lines = [line.lstrip() for line in lines]
    only = PRINTS.get(arguments)
    head = len(said.head)
    tables = [line for line in said.head if line.startswith("table ")]
    if only is None:
        return lines
    kept = [line for line in said.head if line not in tables] if "head" in only else []
    return [*kept, *(tables if "table" in only else ()), *(line for line in lines[head:] if line.split(" ")[0] in only)]


def test_how_many_are_asked() -> None:
    """All that were recorded, two excepted."""
    assert sum(map(len, TOPICS.values())) + len(ODD) - len(PFCTLS_OWN) == 3905
    assert len(RECORDED["cases"]) == 3907


def test_what_is_kept_as_text_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that the store writes down (rule_text, quoted) is read back as one that prints the same."""
    monkeypatch.chdir(tmp_path)
    plain = [case for cases in TOPICS.values() for case in cases if not case.get("exit") and "files" not in case]
    for case in plain[::5]:
        said = _said(case, "", STANDARD)
        for rule in (rule for section in SECTIONS for rule in said.rules[section]):
            text = rule_text(rule, quoted=True)
            again = parse(text + "\n", Topology(), main=True, lenient=True)
            found = [one for section in SECTIONS for one in again.rules[section]]
            if "return-icmp" not in text and "->  static-port" not in text and not text.endswith("-> "):
                assert [rule_text(one, quoted=True) for one in found] == [text]
                assert not again.unknown, text


def test_what_is_told_without_reading_a_rule_is_so() -> None:
    """The address and the port that a printed line is for: by a glance at its text no more than by reading it."""
    lines = {line for case in RECORDED["cases"] if not case.get("exit") for line in case.get("out", "").splitlines()}
    told = 0
    for line in sorted(lines):
        if line.partition(" ")[0] not in {"nat", "rdr", "pass", "block", "match", "no"} or line.endswith("{"):
            continue
        written = Written([(1, line)], TOPOLOGIES["wide"], printed=True)
        glance = written.ends(0)
        rule = written[0]
        if glance is not None and rule.action != "unknown":
            told += glance != (-1, -1)
            known = Flat("", rule.section, 0, rule).ends()
            assert all(one in (-1, sure) for one, sure in zip(glance, known, strict=True)), line
    assert told > 500

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

from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.language.context import WITHOUT_A_WORD
from jailpf.pf.simulated.language.parse import Parsed, parse
from jailpf.pf.simulated.rules.rule import SECTIONS
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORDED = json.loads((Path(__file__).parent / "verdicts-2.json").read_text())
STANDARD = "-o none -nvPf rules.pf"
# pfctl with other arguments prints less, or numbers, or what its optimizer makes of the rules: not what is asked here.
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


def test_how_many_are_asked() -> None:
    """All that were recorded, but those with arguments that print something else."""
    assert sum(map(len, TOPICS.values())) == 3854
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

"""pf check and pf print: any pf.conf, read as pfctl reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import Place, Problem, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated.language.parsed import Parsed

DATA_ERROR = 65
_REMEDIES = (
    (re.compile(r"no IP address found for ([a-z]+\d+[a-z]?)(?:[:/].*)?$"), "--interface {0}=ADDRESS/LENGTH, or --interfaces FILE"),
    (re.compile(r"unknown (?:user|group) "), "only users and groups of a fresh FreeBSD are known; write the number"),
)  # fmt: skip


def check(_session: Session, options: Namespace) -> int:
    """0 when pfctl would take the file, 65 when not."""
    parsed = _parsed(options)
    rules = sum(map(len, parsed.rules.values())) + len(parsed.scrub) + len(parsed.ether)
    if options.json:
        output.as_json(
            "pf check",
            file=options.pf_conf,
            rules=0 if parsed.problems else rules,
            problems=[output.problem_json(_with_remedy(one)) for one in parsed.problems],
            warnings=[output.problem_json(one) for one in (*parsed.warnings, *_refused_by_13(parsed))],
        )
    elif not _refused(parsed):
        output.problems(_refused_by_13(parsed), level="yellow")
        print(f"{options.pf_conf}: {rules} rules, {len(parsed.tables)} tables")
    return DATA_ERROR if parsed.problems else 0


def show(_session: Session, options: Namespace) -> int:
    """What `pfctl -o none -nvPf` prints."""
    parsed = _parsed(options)
    if _refused(parsed):
        return DATA_ERROR
    print(parsed.listing(numeric=not options.names), end="")
    return 0


def _parsed(options: Namespace) -> Parsed:
    from jailpf.insight.elsewhere import described_host, text_of
    from jailpf.pf.simulated.language.parse import parse

    macros: dict[str, str] = {}
    for one in options.define or ():
        name, equals, value = one.rpartition("=")
        if not equals:
            raise UsageError(f"{one!r} defines no macro", None, "-D NAME=VALUE")
        macros.setdefault(name, value)
    text = text_of(options.pf_conf)
    name = "stdin" if options.pf_conf == "-" else options.pf_conf
    topology = described_host(options.interfaces or "", options.interface or ())
    path = options.anchor or ""
    found = parse(text, topology, name=name, main=not path, path=path or "-", macros=macros)
    if text and not text.endswith("\n"):
        found.newer.setdefault("a last line without an end", Place(name, text.count("\n") + 1))
    return found


def _refused_by_13(parsed: Parsed) -> list[Problem]:
    return [Problem(f"pfctl of FreeBSD 13 refuses {word} here", place) for word, place in parsed.newer.items()]


def _refused(parsed: Parsed) -> bool:
    output.problems(map(_with_remedy, parsed.problems))
    if not parsed.problems:
        output.problems(parsed.warnings, level="yellow")
    return bool(parsed.problems)


def _with_remedy(problem: Problem) -> Problem:
    for wanted, remedy in _REMEDIES:
        if found := wanted.match(problem.message):
            return problem._replace(remedy=remedy.format(*found.groups()))
    return problem

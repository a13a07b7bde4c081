"""trace: who gets a packet, and the way it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.cli import output
from jailpf.cli.world import world_of
from jailpf.errors import Problem
from jailpf.insight.question import ask, check
from jailpf.pf.simulated.rules.addresses import is_private, parse_address

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Connection, Match
    from jailpf.pf.simulated.kernel.ask import Question
    from jailpf.pf.simulated.nearest import Near

ONLY_REDIRECTED = "it matches connections that were redirected from the external address; ask again with `to {}`"
DIRECT = "; with allow = { direct = true } it also matches those to the jail's own address"
COLOURS = {"pass": "green", "unknown": "yellow"}


def trace(session: Session, options: Namespace) -> int:
    """0 when the packet arrives, 1 when not."""
    from jailpf.insight.advice import advice
    from jailpf.insight.answer import answered
    from jailpf.insight.notes import notes
    from jailpf.pf.simulated.nearest import nearest

    check(session, options.words)
    world = world_of(session, options)
    question = ask(world, session, options.words)
    found = answered(world, question)
    near = nearest(world.pf, found) if found.verdict == "block" else []
    if options.json:
        left_out = list(map(output.problem_json, output.aside(session, world.problems)))
        output.as_json("trace", question=_question_json(question), **_json(world, found, near), problems=left_out)
    else:
        _print(world, question, found, near)
        output.problems(advice(world, question, found), level="yellow")
        output.problems([*output.aside(session, world.problems), *notes(world)], level="yellow")
        if not found and not (options.declared or options.main):
            output.problems(output.idle(session, world), level="yellow")
    return 0 if found else 1


def _print(world: World, question: Question, found: Connection, near: list[Near]) -> None:
    from jailpf.insight.answer import VERBS, behind_rdr, sentence

    verb = output.colour(VERBS[found.verdict], COLOURS.get(found.verdict, "red"))
    print(f"{question}: {sentence(question, found, verb)}")
    for step in found.steps:
        one = step.deciding
        where = f"{step.interface} {step.direction}".ljust(12)
        what = f"{step.phase} {step.verdict}".ljust(16)
        print(f"  {where}{what}{_rule(one) if one else step.note or 'no rule matches'}")
        if one and (source := _declared(world, one)):
            print(" " * 30 + output.colour(source, "dim"))
    if near:
        print("closest to letting it in:" + (f" ({behind})" if (behind := behind_rdr(found)) else ""))
        shown = set()
        for match, differs in near:
            owner = (
                _declared(world, match) or (match.path and f"anchor {match.path}") or f"main ruleset, line {match.line}"
            )
            if owner not in shown:
                shown.add(owner)
                print(f"  {owner}: differs in {' and '.join(differs)}")
                print(f"    {match.text}")
                if question.sender == "outside" and set(differs) <= {"tagged", "from"} and "tagged" in differs:
                    print(f"    {_redirected(question)}")


def _redirected(question: Question) -> str:
    """What a rule waits for; a public address is mostly meant to be asked itself."""
    to = parse_address(question.to)
    said = ONLY_REDIRECTED.format("ext_ip6" if to.family == "inet6" else "ext_ip4")
    return said if is_private(to) else said + DIRECT


def _rule(match: Match) -> str:
    return f"{match.path or 'main'}: {match.text}"


def _declared(world: World, match: Match) -> str:
    source = world.source(match.path, match.text)
    if source is None:
        return ""
    return (
        f"{source.place}: [{source.name}] of {source.jail}"
        if source.place
        else f"[host] nat of jailpf.toml, for {source.jail}"
    )


def _question_json(question: Question) -> dict[str, Any]:
    return {name: value for name, value in question._asdict().items() if name != "listens"}


def _json(world: World, found: Connection, near: list[Near]) -> dict[str, Any]:
    from jailpf.insight.notes import notes

    return {
        "verdict": found.verdict,
        "delivered_to": found.delivered_to,
        "address": found.address,
        "port": found.port,
        "source": found.source,
        "reason": found.reason,
        "steps": [
            {
                "interface": step.interface,
                "direction": step.direction,
                "phase": step.phase,
                "verdict": step.verdict,
                "rule": _match_json(world, step.deciding),
            }
            for step in found.steps
        ],
        "notes": [output.problem_json(problem) for problem in notes(world)],
        "nearest": [{"rule": _match_json(world, match), "differs": list(differs)} for match, differs in near],
    }


def _match_json(world: World, match: Match | None) -> dict[str, Any] | None:
    if match is None:
        return None
    source = world.source(match.path, match.text)
    place = output.problem_json(Problem("", source.place))["place"] if source else None
    return {
        "anchor": match.path,
        "text": match.text,
        "jail": source.jail if source else None,
        "declaration": source.name if source else None,
        "place": place,
    }

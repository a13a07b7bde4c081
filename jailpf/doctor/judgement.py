"""The main ruleset, judged by what it does to the jails' rules: each finding with its line, a packet, and what to write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from jailpf.doctor.conf_lines import ConfLines
from jailpf.errors import JailpfError
from jailpf.managers.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated.judged.found import Judged

MATCHING = {"log", "queue", "dnpipe", "dnqueue", "rtable"}  # what a match rule does as well


def judgement(session: Session) -> Iterator[Finding]:
    """Whether a line of the main ruleset takes packets from a jail's rules, or never acts on them, or lets in by itself."""
    from jailpf.insight.world import build
    from jailpf.pf.simulated.judged.judge import judged

    parents = tuple(f"{parent}/" for _, parent in session.settings.layout.parents)
    try:
        world = build(session, declared=True)
        found = judged(world.pf, lambda path: path.startswith(parents))
    except JailpfError:
        return  # told by the check whose trouble it is
    lines = ConfLines(session, world)
    for one in found:
        level, what, why, mend = WORDS[one.kind](one, _whose(world, one), session)
        yield Finding(level, f"{lines.place(one.match)}`{one.match.text}` {what}", why, mend)


def _whose(world: World, one: Judged) -> str:
    """The jail's rule that it is about, in words: "web's `pass quick ...`"."""
    if one.other is None:
        return ""
    path = one.other.path
    owners = (name for name, jail in world.jails.items() if any(anchor.path == path for anchor in jail.ruleset.anchors))
    more = f" (and {one.more} more rule{'s' if one.more != 1 else ''})" if one.more else ""
    return f"{next(owners, path)}'s `{one.other.text}`{more}"


Said = tuple[Literal["error", "warning", "fine"], str, str, str]


def _never_bans(one: Judged, whose: str, _: Session) -> Said:
    return (
        "warning",
        "stands below the anchor line",
        f"it never keeps anybody from a jail: {one.example} is let in before by {whose}",
        "move it above the anchor line of pf.conf",
    )


def _lets_in(one: Judged, _: str, session: Session) -> Said:
    return (
        "warning",
        "stands above the anchor line",
        f"it lets in what no declaration names: {one.example} reaches a jail",
        f"name the host's own address in it: `to ({session.settings.host.ext_if[0]}:0)`",
    )


def _opens(one: Judged, whose: str, _: Session) -> Said:
    return (
        "warning" if one.words else "error",
        "stands above the anchor line",
        f"it lets through what {whose} is for: {one.example}",
        "move it below the anchor line of pf.conf, where it is asked only of what no jail denies",
    )


def _unseen(one: Judged, _: str, __: Session) -> Said:
    more = f", nor {one.more} more rule{'s' if one.more != 1 else ''}," if one.more else ""
    return (
        "warning",
        f"of {one.match.path} is not asked{more} on {one.words[0]}",
        f"`set skip on {one.words[0]}` lets through {one.example}",
        f"take {one.words[0]} out of `set skip` in pf.conf; below the anchor line `pass on {one.words[0]} flags any` keeps the rest as it is",
    )


def _hides(one: Judged, whose: str, _: Session) -> Said:
    return (
        "error",
        "stands above the anchor line",
        f"nobody gets in by {whose}: it takes {one.example} and all others",
        "if the block is meant, take what it blocks out of the declaration; else take the line out of pf.conf",
    )


def _beats(one: Judged, whose: str, _: Session) -> Said:
    section = one.match.text.removeprefix("no ").split(" ")[0]
    return (
        "error" if section == "nat" else "warning",  # the next start is refused for a nat
        "beats a declaration",
        f"it takes {one.example} from {whose}: on 15 a {section} rule of the main ruleset beats every anchor",
        {
            "nat": _left_out(one),
            "rdr": "give the port to one of them",
        }.get(section, "take it out, or what is declared"),
    )


def _left_out(one: Judged) -> str:
    """How pf.conf's nat and that of a jail go together."""
    whole, own = _source(one.match.text, "NETWORK"), _source(one.other.text if one.other else "", "ADDRESS")
    if whole == own:
        return "take it out, or the jail's own nat"
    table = f"table <own> {{ {whole} !{own} }}"
    return f"take it out, or leave the jails with a nat of their own out of it: `{table}` and `from <own>`"


def _source(rule: str, otherwise: str) -> str:
    """The address or network that a rule is for, where it names one."""
    found = re.search(r" from ([0-9a-f]*[.:][0-9a-f.:/]*) ", rule)
    return found[1] if found else otherwise


def _without(one: Judged, whose: str, _: Session) -> Said:
    words = ", ".join(one.words)
    below = one.kind == "never asked"
    mend = 'declare it: [host.uplink.NAME] in jailpf.toml, and on = "NAME" where the jail is to use it'
    if MATCHING.issuperset(one.words):
        moved = "move it above the anchor line" if one.match.text.startswith("match ") else ""
        mend = moved or "write it above the anchor line, with `match` for `pass`, and without quick"
    return (
        "warning",
        f"stands {'below the anchor line' if below else 'above the anchor line, without quick'}",
        f"it does not {words} what {whose} passes {'before' if below else 'behind it'}: {one.example}",
        mend,
    )


def _narrows(one: Judged, whose: str, _: Session) -> Said:
    call = one.match.text.split('"')
    return (
        "error",
        "lets only some packets to the jails' rules",
        f"{one.example} never comes to {whose}",
        f'`{call[0]}"{call[1]}"`, without conditions',
    )


WORDS: dict[str, Callable[[Judged, str, Session], Said]] = {
    "never bans": _never_bans,
    "lets in": _lets_in,
    "opens": _opens,
    "unseen": _unseen,
    "hides": _hides,
    "beats": _beats,
    "never asked": _without,
    "overruled": _without,
    "narrows": _narrows,
}

CHECKS = (judgement,)

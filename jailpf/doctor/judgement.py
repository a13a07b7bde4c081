"""The main ruleset, judged by what it does to the jails' rules: each finding with its line, a packet, and what to write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from jailpf.doctor.conf_lines import ConfLines
from jailpf.doctor.world import declared
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
    from jailpf.pf.simulated.judged.judge import judged

    parents = tuple(f"{parent}/" for _, parent in session.settings.layout.parents)
    try:
        world = declared(session)
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
        "is below the anchor line",
        f"it keeps nobody out of a jail: {whose} lets in {one.example} first",
        "move it above the anchor line of pf.conf",
    )


def _lets_in(one: Judged, _: str, session: Session) -> Said:
    return (
        "warning",
        "is above the anchor line",
        f"it lets in undeclared traffic: {one.example} reaches a jail",
        f"limit it to the host's own address: `to ({session.settings.host.ext_if[0]}:0)`",
    )


def _opens(one: Judged, whose: str, _: Session) -> Said:
    return (
        "warning" if one.words else "error",
        "is above the anchor line",
        f"it lets through what {whose} is meant to block: {one.example}",
        "move it below the anchor line of pf.conf, where it matches only what no jail denies",
    )


def _unseen(one: Judged, _: str, __: Session) -> Said:
    more = f", nor {one.more} more rule{'s' if one.more != 1 else ''}," if one.more else ""
    return (
        "warning",
        f"of {one.match.path} is not evaluated{more} on {one.words[0]}",
        f"`set skip on {one.words[0]}` lets through {one.example}",
        f"remove {one.words[0]} from `set skip` in pf.conf; `pass on {one.words[0]} flags any` below the anchor line keeps the rest as it is",
    )


def _hides(one: Judged, whose: str, _: Session) -> Said:
    return (
        "error",
        "is above the anchor line",
        f"nobody gets in by {whose}: this rule blocks {one.example} and all others",
        "remove what it blocks from the declaration if the block is intended, or else the line from pf.conf",
    )


def _beats(one: Judged, whose: str, _: Session) -> Said:
    section = one.match.text.removeprefix("no ").split(" ")[0]
    return (
        "error" if section == "nat" else "warning",  # the next start is refused for a nat
        "overrides a declaration",
        f"it takes {one.example} from {whose}: on 15, a {section} rule of the main ruleset wins over every anchor",
        {
            "nat": _left_out(one),
            "rdr": "give the port to one of them",
        }.get(section, "remove it, or the declaration"),
    )


def _left_out(one: Judged) -> str:
    """How pf.conf's nat and that of a jail go together."""
    whole, own = _source(one.match.text, "NETWORK"), _source(one.other.text if one.other else "", "ADDRESS")
    if whole == own:
        return "remove it, or the jail's own nat"
    table = f"table <natted> {{ {whole} !{own} }}"
    return f"remove it, or exclude the jails with their own nat from it: `{table}` and `from <natted>`"


def _source(rule: str, otherwise: str) -> str:
    """The address or network that a rule is for, where it names one."""
    found = re.search(r" from ([0-9a-f]*[.:][0-9a-f.:/]*) ", rule)
    return found[1] if found else otherwise


def _without(one: Judged, whose: str, _: Session) -> Said:
    words = ", ".join(one.words)
    below = one.kind == "never asked"
    mend = 'declare it: [host.uplink.NAME] in jailpf.toml, and on = "NAME" for a jail that uses it'
    if MATCHING.issuperset(one.words):
        moved = "move it above the anchor line" if one.match.text.startswith("match ") else ""
        mend = moved or "write it above the anchor line, with `match` for `pass`, and without quick"
    return (
        "warning",
        f"is {'below the anchor line' if below else 'above the anchor line, without quick'}",
        f"it does not {words} what {whose} passes {'before it' if below else 'after it'}: {one.example}",
        mend,
    )


def _narrows(one: Judged, whose: str, _: Session) -> Said:
    call = one.match.text.split('"')
    return (
        "error",
        "lets only some packets reach the jails' rules",
        f"{one.example} never reaches {whose}",
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

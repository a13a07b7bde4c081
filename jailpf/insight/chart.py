"""Who reaches whom, as a picture: the page of `jailpf map`, and graphs for other tools."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from jailpf.insight.away import Out, outs
from jailpf.insight.away_words import sentences
from jailpf.insight.changes import protocols
from jailpf.insight.rows import Row, few, rows
from jailpf.pf.simulated.reach.reach import answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.insight.world import World

ICMP = ("icmp", "ipv6-icmp")
CELLS_MAX = 2500


@dataclass
class Card:
    """One jail on the page. services: (name, where it is declared, rows); other: what no declaration names; away: whom it
    reaches beyond this host.
    """

    name: str
    place: str
    addresses: tuple[str, ...]
    services: list[tuple[str, str, list[Row]]] = field(default_factory=list)
    other: list[Row] = field(default_factory=list)
    away: list[str] = field(default_factory=list)


@dataclass
class Chart:
    """cards: the jails, in order; edges: (who, whom) -> what, such as "tcp 5432"."""

    cards: list[Card]
    edges: dict[tuple[str, str], list[str]]


def chart(world: World) -> Chart:
    """All that is reached, and all that leaves, by jail; ICMP apart."""
    known = answer(world.pf, world.progress)
    found = [row for row in rows(world, known.reached) if row.proto not in ICMP]
    leaving = outs(world, known.leaving)
    by_service: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in found:
        by_service[row.jail, row.service].append(row)
    named, away = protocols(world.pf), defaultdict[str, list[str]](list)
    for name, sent in _alone(leaving).items():
        away[name] = list(map(_whom, sentences(sent, named)))
    cards = []
    for name, prepared in sorted(world.jails.items()):
        card = Card(name, prepared.services.document.file, tuple(map(str, prepared.jail.addresses)))
        for service in prepared.services.services:
            place = str(prepared.services.place("service", service.name))
            card.services.append((service.name, place, by_service.get((name, service.name), [])))
        card.other = by_service.get((name, ""), [])
        card.away = away[name]
        cards.append(card)
    return Chart(cards, _edges(found, leaving))


def _whom(said: str) -> str:
    """ "web reaches anyone outside tcp 443" without its subject."""
    may, _, doubtful = said.partition(" may reach ")
    return f"{doubtful}, perhaps" if doubtful else said.partition(" reaches ")[2] or may


def _alone(leaving: Iterable[Out]) -> dict[str, list[Out]]:
    """What each sends, by itself; doubts and part of its addresses are told with it."""
    found: dict[str, list[Out]] = defaultdict(list)
    for out in leaving:
        for sender in out.senders:
            found[sender.partition(" at ")[0]].append(out._replace(senders=(sender,)))
    return {name: [out for out in mine if _counts(out, mine)] for name, mine in found.items()}


def _counts(out: Out, others: list[Out]) -> bool:
    """ICMP does beside all else that goes to the same."""
    return out.proto not in ICMP or any(
        (one.to, one.seen) == (out.to, out.seen) and one.proto not in ICMP for one in others
    )


def _edges(found: Iterable[Row], leaving: Iterable[Out]) -> dict[tuple[str, str], list[str]]:
    edges: dict[tuple[str, str], list[str]] = {}
    for out in (one for one in leaving if one.proto not in ICMP):
        sent = f"{'all ' * (not out.ports)}{out.proto} {','.join(few(out.ports))}".strip()
        for sender in out.senders:
            for whom in few(tuple(word.removeprefix("@") for word in out.to if not word.startswith("!"))):
                pair = sender.partition(" at ")[0], whom
                if pair[0] != "host" and sent not in edges.setdefault(pair, []):
                    edges[pair].append(sent)
    for row in found:
        what = f"{row.proto} {','.join(few(row.ports))}".strip()
        for sender in ("outside",) if row.origin == "outside" else row.sources:
            if sender != row.jail and what not in edges.setdefault((sender, row.jail), []):
                edges[sender, row.jail].append(what)
    return edges


def page(found: Chart, title: str) -> str:
    """One HTML page that needs nothing else."""
    template = Template(files("jailpf").joinpath("templates/map.html.in").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(title),
        count=str(len(found.cards)),
        matrix=_matrix(found),
        cards="\n".join(map(_card, found.cards)),
    )


def _card(card: Card) -> str:
    lines = [
        f'<article class="jail" data-words="{_attribute(card)}">',
        f"<h2>{html.escape(card.name)}</h2>",
        f'<p class="where">{html.escape(" ".join(card.addresses))} · {html.escape(card.place)}</p>',
    ]
    for name, place, reached in card.services:
        lines.append(f"<h3>{html.escape(name)} <small>{html.escape(place.rpartition('/')[2])}</small></h3>")
        lines.append(_reached(reached) if reached else '<p class="nobody">nobody reaches it</p>')
    if card.away:
        items = "".join(f"<li>{html.escape(said)}</li>" for said in card.away)
        lines.append(f"<h3>it reaches</h3><ul>{items}</ul>")
    if card.other:
        lines.append('<h3 class="undeclared">reached, but not declared</h3>' + _reached(card.other))
    return "\n".join([*lines, "</article>"])


def _reached(found: list[Row]) -> str:
    items = "".join(f"<li>{html.escape(_sentence(row))}</li>" for row in found)
    return f"<ul>{items}</ul>"


def _sentence(row: Row) -> str:
    return re.sub(rf"(?<! may) reach(es)? {re.escape(row.jail)} ", " ", str(row), count=1)


def _attribute(card: Card) -> str:
    words = [card.name, *card.addresses, *(name for name, _, _ in card.services)]
    words += [port for _, _, found in card.services for row in found for port in row.ports]
    return html.escape(" ".join(dict.fromkeys(words)).lower(), quote=True)


def _matrix(found: Chart) -> str:
    """A row for each sender, a column for whoever is reached; of many a list for each sender."""
    senders = sorted({who for who, _ in found.edges}, key=lambda who: (who != "outside", who != "host", who))
    receivers = sorted({whom for _, whom in found.edges}, key=lambda whom: (whom == "host", whom))
    if len(senders) * len(receivers) > CELLS_MAX:
        return _lists(found, senders)
    head = "".join(f'<th scope="col">{html.escape(one)}</th>' for one in receivers)
    body = ""
    for who in senders:
        cells = "".join(
            f'<td class="yes">{html.escape(", ".join(few(tuple(found.edges[who, whom]))))}</td>'
            if (who, whom) in found.edges
            else "<td></td>"
            for whom in receivers
        )
        body += f'<tr><th scope="row">{html.escape(who)}</th>{cells}</tr>\n'
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _lists(found: Chart, senders: Iterable[str]) -> str:
    by_sender: dict[str, list[str]] = defaultdict(list)
    for (who, whom), what in sorted(found.edges.items()):
        by_sender[who].append(f"{whom} ({', '.join(few(tuple(what)))})")
    body = "".join(
        f'<tr><th scope="row">{html.escape(who)}</th><td>{html.escape("; ".join(by_sender[who]))}</td></tr>\n'
        for who in senders
    )
    return f"<table><tbody>\n{body}</tbody></table>"


def dot(found: Chart) -> str:
    """For Graphviz."""
    lines = ["digraph jailpf {", '  rankdir="LR";', '  node [shape="box"];']
    lines += [
        f"  {_quoted(who)} -> {_quoted(whom)} [label={_quoted(', '.join(what))}];"
        for (who, whom), what in sorted(found.edges.items())
    ]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(found: Chart) -> str:
    """For Markdown that draws Mermaid."""
    lines = ["flowchart LR"]
    lines += [f"  {_node(name)}[{_quoted(name)}]" for name in sorted({name for edge in found.edges for name in edge})]
    lines += [
        f"  {_node(who)} -->|{_quoted(', '.join(what))}| {_node(whom)}"
        for (who, whom), what in sorted(found.edges.items())
    ]
    return "\n".join(lines) + "\n"


def _node(name: str) -> str:
    return "n_" + re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", name)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'

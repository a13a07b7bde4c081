"""`table <name>`: its options, its addresses, and the files that they are in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.clauses.hosts import TABLE_NAME_MAX, table_hosts
from jailpf.pf.simulated.language.files import read
from jailpf.pf.simulated.language.lexing.lexer import STRING
from jailpf.pf.simulated.language.lexing.problems import Complaint, RuleError
from jailpf.pf.simulated.language.tables import TableDefinition, parse_entry
from jailpf.pf.simulated.rules.addresses import host_text
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.words.interfaces import Node
    from jailpf.pf.simulated.rules.rule import Host

_WORDS = ("const", "persist", "counters")
_REFUSED = {
    "range": "address ranges are not permitted inside tables",
    "dynamic": "dynamic addresses are not permitted inside tables",
    "table": "tables cannot contain tables",
    "no-route": '"no-route" is not permitted inside tables',
    "urpf-failed": '"urpf-failed" is not permitted inside tables',
}


def table_line(c: Context) -> None:
    """Define a table. Raises RuleError."""
    stream = c.stream
    stream.take("table")
    stream.take("<")
    name = stream.string()
    stream.take(">")
    c.result.named.append(name)
    words: set[str] = set()
    sources: list[str | list[Host]] = []
    empty = False
    while stream.at(STRING, "{", "file"):
        if stream.at(STRING):
            words.add(_word(stream.take()))
        elif stream.accept("file"):
            sources.append(stream.string())
        else:
            stream.take()
            stream.newlines()
            if stream.accept("}"):
                empty = True
            else:
                sources.append(_members(table_hosts(c)))
                empty = True
    stream.end()
    if len(name.encode()) > TABLE_NAME_MAX:
        raise RuleError(f"table name too long, max {TABLE_NAME_MAX} chars")
    hosts = _hosts(sources, c.topology)
    text = _text(name, words, sources, empty)
    c.echo(text)
    known = tuple(hosts) if sources or empty else None
    definition = TableDefinition(name, "persist" in words, "const" in words, "counters" in words, known, text)
    c.result.tables[name] = definition


def _word(word: str) -> str:
    if word not in _WORDS:
        raise RuleError(f"invalid table option '{word}'")
    return word


def _members(nodes: list[Node]) -> list[Host]:
    for node in nodes:
        if node.host.kind in _REFUSED:
            raise RuleError(_REFUSED[node.host.kind])
    return [replace(node.host, interface="") for node in nodes]


def _hosts(sources: list[str | list[Host]], topology: Topology) -> list[Host]:
    found: list[Host] = []
    for source in sources:
        if isinstance(source, str):
            found += _read(source, topology)
            continue
        for host in source:
            if host.prefix > BITS[host.family]:
                raise RuleError("cannot create address buffer: Invalid argument")
            found.append(host)
    return found


def _text(name: str, words: set[str], sources: list[str | list[Host]], empty: bool) -> str:
    parts = [f"table <{name}>", *(word for word in _WORDS if word in words)]
    in_braces = False
    for source in sources:
        if isinstance(source, str):
            parts += ["}"] if in_braces else []
            parts.append(f'file "{source}"')
            in_braces = False
        else:
            parts += [] if in_braces else ["{"]
            parts += [("!" if host.negated else "") + host_text(host, host.family) for host in source]
            in_braces = True
    parts += ["}"] if in_braces else []
    return " ".join(parts + (["{ }"] if empty and not sources else []))


def _read(name: str, topology: Topology) -> list[Host]:
    try:
        text = read(name)
    except OSError as error:
        raise RuleError(f'cannot load "{name}": {error.strerror}') from None
    found: list[Host] = []
    for word in words_of(text):
        try:
            found += parse_entry(word, topology)
        except RuleError as error:
            complaints = [Complaint(c.message, placed=False) for c in error.complaints]
            raise RuleError(*complaints, f'file "{name}" contains bad data') from None
    return found


def words_of(text: str) -> list[str]:
    """The words of a table file: what begins with # or ; goes to the end of its line."""
    found: list[str] = []
    for line in text.split("\n"):
        for word in line.split():
            if word[0] in "#;":
                break
            found.append(word)
    return found

"""One statement as it is written, before lists, names of interfaces and defaults are worked out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Interface(NamedTuple):
    """An interface behind `on`."""

    name: str
    negated: bool


class HostSpec(NamedTuple):
    """One host as written: `form` is name, range, masked, dynamic, table, special or any."""

    form: str
    values: tuple[str, ...] = ()
    negated: bool = False


class PortSpec(NamedTuple):
    """One port as written; with op "" the value may be a range `a:b`."""

    op: str
    low: str
    high: str = ""


class End(NamedTuple):
    """What stands behind from, or to."""

    hosts: tuple[HostSpec, ...] = (HostSpec("any"),)
    ports: tuple[PortSpec, ...] = ()


ANYWHERE = End()


class Redirect(NamedTuple):
    """What stands behind `->`."""

    hosts: tuple[HostSpec, ...]
    port: str = ""


@dataclass
class RuleDraft:
    """A rule as written. `options` are (name, value) in their order; `line` is the first line, `last` the
    last.
    """

    action: str
    no: bool = False
    passes: bool = False
    block: str = ""
    direction: str = ""
    log: str = ""
    quick: bool = False
    interfaces: tuple[Interface, ...] = ()
    family: str = ""
    protocols: tuple[str, ...] = ()
    source: End = ANYWHERE
    destination: End = ANYWHERE
    options: list[tuple[str, Any]] = field(default_factory=list)
    redirect: Redirect | None = None
    pool_options: tuple[str, ...] = ()
    anchor: str = ""
    line: int = 0
    last: int = 0


class MacroDraft(NamedTuple):
    """`name = value`."""

    name: str
    value: str


class TableDraft(NamedTuple):
    """A table definition: words, and the sources of addresses in their order (a file name, or hosts)."""

    name: str
    words: tuple[str, ...]
    sources: tuple[str | tuple[HostSpec, ...], ...]


class SkipDraft(NamedTuple):
    """`set skip on`."""

    interfaces: tuple[Interface, ...]


Draft = RuleDraft | MacroDraft | TableDraft | SkipDraft

"""Connections that say what became of them, and why when a test expected something else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Connection, Simulated


class HasPf(Protocol):
    """A host with a simulated pf, as traffic needs it."""

    @property
    def pf(self) -> Simulated:
        """Its pf."""

    def session(self) -> Session:
        """Its settings, read."""


@dataclass(frozen=True)
class Traffic:
    """A connection that was opened. `connection` is all that the simulated pf knows of it. True when it arrived."""

    host: HasPf
    what: str
    connection: Connection

    def reaches(self, where: str, port: int = 0) -> Traffic:
        """Assert that it arrived: at a jail by name, at the "host", or at an address outside; on that port, if given."""
        __tracebackhide__ = True
        found = self.connection
        if not found or found.delivered_to != where:
            raise AssertionError(f"{self.what} does not reach {where}: {self.outcome}\n{self.way}")
        if port and found.port != port:
            raise AssertionError(f"{self.what} reaches {where} on port {found.port}, not {port}\n{self.way}")
        return self

    def is_blocked(self) -> Traffic:
        """Assert that it was not let in: blocked by a rule, a limit or the host's policy."""
        __tracebackhide__ = True
        if self.connection.verdict != "block":
            raise AssertionError(f"{self.what} is not blocked: {self.outcome}\n{self.way}")
        return self

    def close(self) -> None:
        """End the connection: its states go."""
        self.host.pf.close(self.connection)

    @property
    def outcome(self) -> str:
        """What became of it, in words."""
        found = self.connection
        if found:
            return f"it arrives at {found.delivered_to} ({found.address} port {found.port})"
        return f"{found.verdict}" + (f", {found.reason}" if found.reason else "")

    @property
    def way(self) -> str:
        """The way of its first packet, one line for each step and the rule that decided it."""
        lines = []
        for step in self.connection.steps:
            rule = f"{step.deciding.path or 'pf.conf'}: {step.deciding.text}" if step.deciding else "no rule"
            note = f" ({step.note})" if step.note else ""
            lines.append(f"  {step.direction:3} {step.interface:8} {step.phase:6} {step.verdict:9} {rule}{note}")
        return "\n".join(lines)

    def __bool__(self) -> bool:
        return bool(self.connection)


def connect(host: HasPf, source: str, port: int, *, to: str, proto: str, source_port: int) -> Traffic:
    """Open it. Raises UsageError for what is no address or protocol, NoJailError."""
    inside = source == "host" or source.startswith("jail:")
    sender, address = (source, "") if inside else ("outside", source)
    aim = to or outside(host, "inet6" if ":" in address else "inet")
    found = host.pf.connect(proto, address, aim, port, source_port=source_port, sender=sender)
    return Traffic(host, f"{proto} from {source} to {aim} port {port}", found)


def outside(host: HasPf, family: str) -> str:
    """The first external address of a family, whichever way jailpf.toml names it."""
    for peer in host.session().settings.host.outside(family):
        if peer.table:
            found = host.pf.table("", peer.table, "show")
        elif peer.interface:
            hosts = host.pf.topology.resolve(f"{peer.interface}:0") or []
            found = [_text(one) for one in hosts if one.family == family]
        else:
            found = [peer.word]
        if found:
            return found[0]
    raise AssertionError(f"the host has no {family} address outside; say `to`")


def _text(host: object) -> str:
    from jailpf.pf.simulated.rules.addresses import host_text

    return host_text(host)  # type: ignore[arg-type]

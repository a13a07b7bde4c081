"""Hosts and ports as written become hosts and ports as pf keeps them: names of interfaces are addresses
now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.rules.addresses import BadMaskError, parse_address, parse_network
from jailpf.pf.simulated.rules.rule import BITS, Host, Ports
from jailpf.pf.simulated.rules.words import SERVICES

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.language.draft import HostSpec, PortSpec

TABLE_NAME_MAX = 31
NO_COMBINATION = "rule expands to no valid combination"
SKIPPING = "skipping rule due to errors"


class Complaint(NamedTuple):
    """One sentence of pfctl; `placed` when pfctl writes FILE:LINE in front of it."""

    message: str
    placed: bool = True


class RuleError(Exception):
    """A statement that pfctl refuses, in its words."""

    def __init__(self, *complaints: str | Complaint) -> None:
        self.complaints = [Complaint(c) if isinstance(c, str) else c for c in complaints]
        super().__init__("; ".join(c.message for c in self.complaints))


def unknown(what: str) -> RuleError:
    """The error for what pf.conf(5) has and the simulated pf has not."""
    return RuleError(f"the simulated pf does not know {what}")


def resolve_host(spec: HostSpec, topology: Topology) -> list[Host]:
    """The hosts that one written host means, several for an interface. Raises RuleError."""
    negated = spec.negated
    if spec.form == "any":
        return [Host()]
    if spec.form == "special":
        return [Host("no-route" if spec.values[0] == "no-route" else "urpf-failed", negated=negated)]
    if spec.form == "table":
        if len(spec.values[0]) > TABLE_NAME_MAX:
            raise RuleError(f"table name '{spec.values[0]}' too long")
        return [Host("table", name=spec.values[0], negated=negated)]
    if spec.form == "dynamic":
        prefix = int(spec.values[1]) if len(spec.values) > 1 else 0
        return [Host("dynamic", name=spec.values[0], prefix=prefix, negated=negated)]
    if spec.form == "range":
        return [_range(spec)]
    return _named(spec, topology)


def _range(spec: HostSpec) -> Host:
    try:
        low, high = (parse_address(text) for text in spec.values)
    except ValueError:
        raise _no_address(" - ".join(spec.values)) from None
    if low.family != high.family or low.number > high.number:
        raise RuleError("address family mismatch" if low.family != high.family else "invalid address range")
    return Host("range", low.family, low.number, high.number, BITS[low.family], negated=spec.negated)


def _named(spec: HostSpec, topology: Topology) -> list[Host]:
    name, *mask = spec.values
    found = topology.resolve(name)
    if found:
        if mask:
            raise unknown("a mask behind an interface")
        return [Host(h.kind, h.family, h.low, h.high, h.prefix, negated=True) if spec.negated else h for h in found]
    try:
        return [parse_network(name, mask[0] if mask else "", spec.negated)]
    except BadMaskError as error:
        raise RuleError(Complaint(str(error), placed=False), SKIPPING, NO_COMBINATION) from None
    except ValueError:
        raise _no_address(name) from None


def _no_address(name: str) -> RuleError:
    no_address = Complaint(f"no IP address found for {name}", placed=False)
    return RuleError(no_address, "could not parse host specification")


def port_number(text: str) -> int:
    """A port's number; services by the names of words.py. Raises RuleError."""
    if text.lstrip("-").isdigit():
        number = int(text)
        if not 0 <= number <= 65535:
            raise RuleError(f"illegal port value {number % 2**64}")
        return number
    if text not in SERVICES:
        raise RuleError(f"unknown port {text}")
    return SERVICES[text]


def resolve_ports(spec: PortSpec) -> Ports:
    """A written port or range. Raises RuleError."""
    if spec.op in {"><", "<>"}:
        return Ports(spec.op, port_number(spec.low), port_number(spec.high))
    low, colon, high = spec.low.partition(":")
    if not colon:
        return Ports(spec.op or "=", port_number(low))
    if spec.op:
        raise RuleError("':' cannot be used with an other port operator")
    start, end = port_number(low), port_number(high)
    if start > end:
        raise RuleError("invalid port range")
    return Ports(":", start, end)

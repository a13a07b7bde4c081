"""The counters of services, from the labels of their rules: one pfctl run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.lifecycle.survey import look

if TYPE_CHECKING:
    from jailpf.lifecycle.session import Session
    from jailpf.lifecycle.survey import Survey


class Count(NamedTuple):
    """What a service's pass rules have counted since they were loaded; a reload begins anew."""

    jail: str
    service: str
    packets: int
    bytes: int
    states: int


def counts(seen: Survey) -> list[Count]:
    """One for each service that is loaded."""
    found = []
    for jail, record in sorted(seen.known.items()):
        for label in record.labels:
            if label.count("/") < 2:
                continue
            ours = seen.counts.get(label, [])
            sums = (sum(getattr(one, what) for one in ours) for what in ("packets", "bytes", "states"))
            found.append(Count(jail, label.rpartition("/")[2], *sums))
    return found


def now(session: Session) -> list[Count]:
    """The same, asked now. Raises the errors of pf."""
    return counts(look(session))

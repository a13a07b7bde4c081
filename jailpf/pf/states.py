"""What `pfctl -vv -s states` prints: a line for each state, and details below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.pf import State

if TYPE_CHECKING:
    from collections.abc import Collection

LINE = 1 << 20  # bytes
_IDENTITY = re.compile(rb"\s+id: ([0-9a-f]+)(?: creatorid: ([0-9a-f]+))?")
_ADDRESS = re.compile(r"[0-9]+(?:\.[0-9]+){3}|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*")


class Picked:
    """The states of some addresses (None: all), picked out of the text as it comes. states: those found so far."""

    def __init__(self, of: Collection[str] | None = None) -> None:
        self.of = of if of is None else frozenset(of)
        words = [] if of is None else [re.escape(one.encode()) for one in sorted(of)]
        self._named = re.compile(b"|".join(words))
        self.states: list[State] = []
        self._rest = self._state = b""

    def take(self, part: bytes) -> None:
        """The next part, cut anywhere. Raises OverflowError for a line without an end."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in lines:
            if not line[:1].isspace():
                self._state = line if self._named.search(line) else b""
            elif self._state and (found := _IDENTITY.match(line)):
                self._add(self._state.decode("utf-8", "replace"), b"/".join(filter(None, found.groups())).decode())
        if len(self._rest) > LINE:
            raise OverflowError

    def _add(self, text: str, identity: str) -> None:
        addresses = frozenset(_addresses(text))
        if self.of is None or addresses & self.of:
            self.states.append(State(identity, text, addresses))


def _addresses(text: str) -> list[str]:
    """Every host in a state's first line: `A:p (B:p) -> C:p`, IPv6 as `A[p]`."""
    plain = re.sub(r"\[[0-9]+\]", " ", text).replace("(", " ").replace(")", " ")
    return [found[0] for word in plain.split()[2:] if (found := _ADDRESS.match(word))]

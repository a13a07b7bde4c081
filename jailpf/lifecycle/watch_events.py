"""What tells `watch` that something happens: the kernel, else the clock. Nothing but the standard library's smallest."""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

EVFILT_JAIL = -14
CHILD, SET, REMOVE = 0x80000000, 0x40000000, 0x10000000
HOST = 0  # the ident whose CHILD events tell of new jails


class Kernel:
    """Events of jails by kqueue(2). Raises OSError where the kernel does not know them (14 and older: EINVAL)."""

    def __init__(self, wake: int) -> None:
        self.queue: Any = select.kqueue()  # type: ignore[attr-defined,unused-ignore]
        self.queue.control([select.kevent(wake)], 0)  # type: ignore[attr-defined,unused-ignore]
        self._add(HOST, CHILD)
        self.known: set[int] = set()

    def follow(self, jids: Iterable[int]) -> bool:
        """Hear of these from now on. False when one of them was gone already: then jls has to be asked again."""
        now = set(jids)
        new, self.known = now - self.known, now
        there = True
        for jid in new:
            try:
                self._add(jid, REMOVE | SET)
            except OSError:
                there = False
        return there

    def wait(self, seconds: float) -> bool:
        """Until something happens, or that many seconds. Whether it was about a jail."""
        return any(event.filter == EVFILT_JAIL for event in self.queue.control(None, 64, seconds))

    def _add(self, ident: int, notes: int) -> None:
        event: Any = select.kevent(ident, filter=EVFILT_JAIL, flags=1)  # type: ignore[attr-defined,unused-ignore]  # EV_ADD
        event.fflags = notes
        self.queue.control([event], 0)


class Clock:
    """Where the kernel tells nothing: time passes, and jls(8) is asked."""

    def __init__(self, wake: int) -> None:
        self.wake = wake

    def follow(self, jids: Iterable[int]) -> bool:  # noqa: ARG002 - as Kernel
        """Nothing to do."""
        return True

    def wait(self, seconds: float) -> bool:
        """That many seconds, or until a signal."""
        select.select([self.wake], [], [], seconds)
        return True

"""What `watch` saw last of jails and pf, and what it does about what it sees now."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Watch:
    """What was seen last, and what to do about what is seen now.

    sync: called with names as jls(8) has them, () for everything; jails: name -> jid, None when it cannot be told; rules:
    the main ruleset and since when pf is enabled (seconds of time.monotonic()), None likewise; start: whether jails
    that came without their hook get their rules.
    """

    def __init__(
        self,
        sync: Callable[[tuple[str, ...]], None],
        jails: Callable[[], dict[str, int] | None],
        rules: Callable[[], tuple[bytes, float] | None],
        say: Callable[[str], None],
        start: bool = False,
    ) -> None:
        self.sync, self.jails, self.rules, self.say, self.start = sync, jails, rules, say, start
        self.seen: dict[str, int] = {}
        self.main: tuple[bytes, float] | None = None

    def begin(self) -> Iterable[int]:
        """Everything once; the jids to follow."""
        self.seen = self.jails() or {}
        self.main = self.rules()
        self.sync(())
        return self.seen.values()

    def look(self) -> Iterable[int]:
        """Compare with what was seen last, and act. The jids to follow."""
        now = self.jails()
        if now is None:
            self.say("jls(8) does not answer; what is loaded stays")
            return self.seen.values()
        went = {name for name, jid in self.seen.items() if now.get(name) != jid}
        came = {name for name, jid in now.items() if self.seen.get(name) != jid}
        self.seen = now
        if self._other_rules():
            self.sync(())
        elif names := went | (came if self.start else set()):
            for name in sorted(names):
                self.say(f"{name} {'came' if name in now else 'is gone'}")
            self.sync(tuple(sorted(names)))
        return now.values()

    def _other_rules(self) -> bool:
        """Whether pf was restarted or has another main ruleset than last time."""
        now = self.rules()
        was, self.main = self.main, now or self.main
        if now is None or was is None:
            return False
        text, since = now
        if text != was[0]:
            self.say("pf has another main ruleset")
            return True
        if since > was[1] + 2:  # seconds: it counts whole ones
            self.say("pf was enabled again")
            return True
        return False


def listed(out: bytes) -> dict[str, int] | None:
    """What `jls jid name` prints, None for anything else."""
    found = {}
    for line in out.decode("utf-8", "surrogateescape").splitlines():
        jid, _, name = line.strip().partition(" ")
        if not jid.isdigit() or not name.strip():
            return None
        found[name.strip()] = int(jid)
    return found


def enabled_since(info: bytes, now: float) -> float:
    """ "Status: Enabled for 0 days 00:01:23" of `pfctl -s info` at the time `now`: when that began; 0 when it is disabled."""
    words = info.decode("ascii", "replace").partition("\n")[0].split()
    try:
        days, clock = int(words[words.index("for") + 1]), words[words.index("for") + 3]
        hours, minutes, seconds = map(int, clock.split(":"))
    except (ValueError, IndexError):
        return 0.0
    return now - (((days * 24 + hours) * 60 + minutes) * 60 + seconds)

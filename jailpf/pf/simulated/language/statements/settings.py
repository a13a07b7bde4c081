"""`set`: options of pf. What decides who gets in is kept; the rest is checked and printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.clauses.ends import interfaces
from jailpf.pf.simulated.language.clauses.state_options import items
from jailpf.pf.simulated.language.files import read
from jailpf.pf.simulated.language.lexing.lexer import STRING
from jailpf.pf.simulated.language.lexing.problems import Complaint, RuleError, SyntaxFault
from jailpf.pf.simulated.language.words.small import c_float
from jailpf.pf.simulated.rules.names import systems
from jailpf.pf.simulated.rules.words import TIMEOUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.language.context import Context

_UINT = 2**32 - 1
_LIMITS = ("states", "src-nodes", "frags", "table-entries", "anchors", "eth-anchors")
_OPTIMIZATIONS = {"normal", "satellite", "high-latency", "conservative", "aggressive"}
_DEBUG = ("none", "urgent", "misc", "loud")


def setting(c: Context) -> None:
    """A `set` line. Raises RuleError."""
    c.stream.take("set")
    handler = _SETTINGS.get(c.stream.peek())
    if handler is None:
        raise SyntaxFault
    c.stream.take()
    handler(c)


def _reassemble(c: Context) -> None:
    yes = _yes_no(c)
    no_df = c.stream.accept("no-df")
    if not no_df:
        c.stream.end()
    c.require(1)
    if c.path:  # pfctl -a leaves such options alone
        return
    c.echo(f"set reassemble {'yes' if yes else 'no'} {'no-df' if no_df else ''}")


def _yes_no(c: Context) -> bool:
    if c.stream.accept("no"):
        return False
    word = c.stream.string()
    if word != "yes":
        raise RuleError(f"invalid value '{word}', expected 'yes' or 'no'")
    return True


def _optimization(c: Context) -> None:
    name = c.stream.string()
    c.require(1)
    if c.path:
        return
    if name.lower() not in _OPTIMIZATIONS:
        invalid = Complaint("invalid state timeouts optimization", placed=False)
        raise RuleError(invalid, f"unknown optimization {name}")
    c.echo(f"set optimization {name}")


def _ruleset_optimization(c: Context) -> None:
    name = c.stream.strings()
    if name not in {"none", "basic", "profile"}:
        raise RuleError(f"unknown ruleset-optimization {name}")
    c.result.settings.setdefault("ruleset-optimization", name)


def _timeout(c: Context) -> None:
    _one_or_braces(c, _timeout_item)


def _one_or_braces(c: Context, item: Callable[[Context], None]) -> None:
    c.stream.listed(lambda: item(c))


def _timeout_item(c: Context) -> None:
    stream = c.stream
    name = stream.take("interval", STRING)
    seconds = stream.integer()
    c.require(1)
    if not 0 <= seconds <= _UINT:
        raise RuleError("only positive values permitted")
    if c.path:
        return
    if name.lower() not in TIMEOUTS:
        raise RuleError(Complaint("Bad timeout name.", placed=False), f"unknown timeout {name}")
    c.result.settings[f"timeout {name.lower()}"] = str(seconds)
    c.echo(f"set timeout {name} {_signed(seconds)}")


def _signed(number: int) -> int:
    """As %d prints an unsigned int."""
    return number - 2**32 if number >= 2**31 else number


def _limit(c: Context) -> None:
    _one_or_braces(c, _limit_item)


def _limit_item(c: Context) -> None:
    name = c.stream.string()
    number = c.stream.integer()
    c.require(1)
    if not 0 <= number <= _UINT:
        raise RuleError("only positive values permitted")
    if name.lower() not in _LIMITS:
        raise RuleError(Complaint("Bad pool name.", placed=False), f"unable to set limit {name} {number}")
    c.result.settings[f"limit {name.lower()}"] = str(number)
    c.echo(f"set limit {name} {_signed(number)}")


def _loginterface(c: Context) -> None:
    name = c.stream.take("all", STRING)
    c.require(1)
    if not c.path:
        c.echo(f"set loginterface {name}")


def _hostid(c: Context) -> None:
    number = c.stream.number()
    if not number or number > _UINT:
        raise RuleError("hostid must be non-zero")
    if not c.path:
        c.echo(f"set hostid 0x{number % 2**32:08x}")


def _block_policy(c: Context) -> None:
    policy = c.stream.take("drop", "return")
    c.echo(f"set block-policy {policy}")
    c.require(1)
    c.block_policy = policy
    c.result.settings["block-policy"] = policy


def _fail_policy(c: Context) -> None:
    policy = c.stream.take("drop", "return")
    c.echo(f"set fail-policy {policy}")
    c.require(1)


def _require_order(c: Context) -> None:
    c.ordered = _yes_no(c)
    c.echo(f"set require-order {'yes' if c.ordered else 'no'}")


def _fingerprints(c: Context) -> None:
    name = c.stream.string()
    c.echo(f'set fingerprints "{name}"')
    c.require(1)
    if c.path:
        return
    if name == "/etc/pf.os":  # the stock one, not the machine's
        c.systems = systems.stock()
        return
    try:
        c.systems = systems.read(read(name))
    except OSError as error:
        c.systems = {}
        reason = Complaint(f"{name}: {error.strerror}", placed=False)
        raise RuleError(reason, f"error loading fingerprints {name}") from None


def _state_policy(c: Context) -> None:
    policy = c.stream.take("if-bound", "floating")
    c.echo(f"set state-policy {policy}")
    c.if_bound = policy == "if-bound"
    c.result.settings["state-policy"] = policy


def _debug(c: Context) -> None:
    level = c.stream.string()
    c.require(1)
    if c.path:
        return
    if level not in _DEBUG:
        reason = Complaint(f'unknown debug level "{level}"', placed=False)
        raise RuleError(reason, f"error setting debuglevel {level}")
    c.echo(f"set debug {level}")


def _skip(c: Context) -> None:
    found = interfaces(c)
    if not found:
        c.stream.end()
    if not found or [(i.name, i.negated) for i in found] == [("none", False)]:
        c.echo("set skip on none")
        return
    c.echo(f"set skip on {{ {' '.join(interface.name for interface in found)} }}")
    negated = [interface for interface in found if interface.negated]
    for _ in negated:
        c.complain("skip on ! <interface> is not supported")
    if negated:
        raise RuleError("error setting skip interface(s)")
    if not c.path:
        c.result.skips += [interface.name for interface in found]


def _state_defaults(c: Context) -> None:
    found = items(c.stream, "\n")
    if c.state_defaults is not None:
        raise RuleError("cannot redefine state-defaults")
    c.state_defaults = found


def _keepcounters(c: Context) -> None:
    """Nothing that decides."""


def _syncookies(c: Context) -> None:
    stream = c.stream
    mode = stream.string()
    if mode not in {"never", "adaptive", "always"}:
        raise RuleError("illegal value for syncookies")
    marks: dict[str, int] | None = None
    if stream.accept("("):
        marks = {}
        written = marks
        stream.series(lambda: _mark(c, written), ")")
        stream.take(")")
    else:
        stream.end()
    problem = ""
    if marks is not None and mode != "adaptive":
        problem = "syncookies start/end only apply to adaptive"
    elif marks is not None:
        high = marks.get("start", 0) or 25
        low = marks.get("end", 0) or high // 2
        if low >= high:
            problem = "start must be higher than end"
        else:
            c.syncookies = high, low
    if problem:
        raise RuleError(Complaint(problem, placed=False), "error setting syncookies")
    shown = f" (start {c.syncookies[0]}%, end {c.syncookies[1]}%)" if c.syncookies and mode == "adaptive" else ""
    c.echo(f"set syncookies {mode}{shown}")


def _mark(c: Context, marks: dict[str, int]) -> None:
    name, value = c.stream.string(), c.stream.string()
    number, rest = c_float(value)
    if rest != "%":
        raise RuleError
    if not 0 < number <= 100:
        raise RuleError("illegal percentage value")
    if name not in {"start", "end"}:
        raise RuleError("illegal syncookie option")
    marks[name] = int(number)


_SETTINGS: dict[str, Callable[[Context], None]] = {
    "reassemble": _reassemble,
    "optimization": _optimization,
    "ruleset-optimization": _ruleset_optimization,
    "timeout": _timeout,
    "limit": _limit,
    "loginterface": _loginterface,
    "hostid": _hostid,
    "block-policy": _block_policy,
    "fail-policy": _fail_policy,
    "require-order": _require_order,
    "fingerprints": _fingerprints,
    "state-policy": _state_policy,
    "debug": _debug,
    "skip": _skip,
    "state-defaults": _state_defaults,
    "keepcounters": _keepcounters,
    "syncookies": _syncookies,
}

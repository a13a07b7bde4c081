"""log: pf's log in the words of the declarations."""

from __future__ import annotations

import sys
from collections import Counter
from typing import IO, TYPE_CHECKING, Any

from jailpf.cli import output
from jailpf.errors import ConfigError, PermissionDeniedError, Place

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

    from jailpf.insight.blame import Told
    from jailpf.insight.pflog import Packet
    from jailpf.lifecycle.session import Session

KEPT = "/var/log/pflog"
LINE_MAX = 1 << 16  # bytes; tcpdump prints no longer line
STRANGE_MAX = 10_000  # lines that say nothing, after which a file is something else
REMEDY = "give it a file of pflogd(8), or the output of `tcpdump -n -e -tttt -r FILE`"
OPTIONS = ("-n", "-e", "-tttt", "-l")
BANNERS = ("listening on ", "reading from file ", "tcpdump: ")
# The beginning of what tcpdump -w and pflogd(8) write, in either byte order, with micro- or nanoseconds.
PCAP = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")


def log(session: Session, options: Namespace) -> int:
    """Tell each packet, or count them; 0 also when there is none. Raises NoJailError for a name that nobody knows."""
    from jailpf.insight.blame import Blame
    from jailpf.insight.world import build

    chosen = set(options.jails)
    world = build(session)
    known = {*world.jails, *session.jails.declared()}
    for name in options.jails:
        if name not in known:
            raise session.jails.unknown(name, known)
    blame = Blame(world)
    lines = _lines(session, options)
    if options.follow and (options.summary or options.json):
        lines = _until_interrupted(lines)
    told = (blame.tell(packet) for packet in _packets(lines, options))
    wanted = (one for one in told if not chosen or one.jail in chosen)
    if options.summary:
        _summary(wanted, options.json)
    elif options.json:
        output.as_json("log", packets=[_json(one) for one in wanted])
    else:
        for one in wanted:
            print(_line(one), flush=options.follow)
    return 0


def _until_interrupted(lines: Iterator[str]) -> Iterator[str]:
    """What is told at the end is told when somebody ends it."""
    try:
        yield from lines
    except KeyboardInterrupt:
        return


def _packets(lines: Iterable[str], options: Namespace) -> Iterator[Packet]:
    """Those that a line tells of. Raises ConfigError for a file of lines none of which does: it is something else."""
    from jailpf.insight.pflog import parse

    seen, understood = 0, False
    for line in lines:
        seen += bool(line.strip()) and not line.startswith(BANNERS)
        if packet := parse(line):
            understood = True
            yield packet
        elif seen > STRANGE_MAX and not understood:
            break
    if seen and not understood and options.pflog and not options.follow:
        raise ConfigError("it has no line of pf's log", Place(options.pflog), REMEDY)


def _lines(session: Session, options: Namespace) -> Iterator[str]:
    """What tcpdump prints of the interface or the file; a file of such lines is taken as it is, "-" is standard input."""
    from jailpf.system import programs

    tcpdump = session.settings.programs["tcpdump"]
    if options.follow:
        yield from programs.stream(tcpdump, *OPTIONS, "-i", options.interface or "pflog0")
        return
    file = options.pflog or KEPT
    if file == "-":
        yield from _text(sys.stdin.buffer, file)
        return
    from jailpf.system.packed import unpacked

    try:
        with unpacked(file, session.settings.programs["zstd"]) as path:
            with open(path, "rb") as opened:
                start = opened.read(4)
                if start not in PCAP:
                    yield from _text(opened, file, start)
                    return
            yield from programs.stream(tcpdump, *OPTIONS, "-r", path)
    except PermissionError:
        raise PermissionDeniedError("cannot be read", Place(file), "run as root") from None
    except OSError as wrong:
        remedy = (
            "pflogd writes it: sysrc pflog_enable=YES; or give another file with --file" if not options.pflog else ""
        )
        raise ConfigError(f"cannot be read: {wrong.strerror}", Place(file), remedy) from None


def _text(opened: IO[bytes], file: str, start: bytes = b"") -> Iterator[str]:
    """Line by line, behind what was read before. Raises ConfigError for what has no end of a line."""
    start += b"" if b"\n" in start else opened.readline(LINE_MAX)
    while line := start or opened.readline(LINE_MAX):
        start = b""
        if len(line) >= LINE_MAX and not line.endswith(b"\n"):
            raise ConfigError(
                f"it has a line of more than {LINE_MAX} bytes, so it is not pf's log", Place(file), REMEDY
            )
        yield from line.decode("utf-8", "replace").splitlines()


def _line(one: Told) -> str:
    packet = one.packet
    verb = output.colour("passed ", "green") if one.passed else output.colour("blocked", "red")
    where = f"{packet.direction} on {packet.interface}"
    ends = f"{packet.proto or '?'} {_end(packet.source, packet.source_port)} > {_end(packet.to, packet.port)}"
    return f"{packet.when} {verb} {where} {ends}  {_whose(one)}".rstrip()


def _end(address: str, port: int) -> str:
    return f"{address} port {port}" if port else address


def _whose(one: Told) -> str:
    if one.near is not None:
        place = f" ({one.near.place})" if one.near.place else ""
        return f"{one.near.jail} [{one.near.name}]{place} differs in {' and '.join(one.differs)}"
    why = "" if one.packet.reason == "match" else f" ({one.packet.reason})"
    return " ".join(filter(None, (one.jail, one.service))) + why


def _summary(told: Iterable[Told], json: bool) -> None:
    counts = Counter(
        (one.passed, one.jail, one.service, one.packet.source, one.packet.proto, one.packet.port) for one in told
    )
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if json:
        names = ("passed", "jail", "service", "source", "proto", "port")
        output.as_json("log", summary=[dict(zip(names, key, strict=True), packets=count) for key, count in rows])
        return
    head = ("PACKETS", "", "JAIL", "SERVICE", "SOURCE", "PROTO", "PORT")
    output.table(
        [
            (str(count), "passed" if passed else "blocked", jail or "-", service or "-", source, proto or "?", str(port or "-"))
            for (passed, jail, service, source, proto, port), count in rows
        ],
        head,
    )  # fmt: skip


def _json(one: Told) -> dict[str, Any]:
    near = one.near
    place = (
        {"file": near.place.file, "line": near.place.line, "column": near.place.column} if near and near.place else None
    )
    return {
        **one.packet._asdict(), "passed": one.passed, "jail": one.jail, "service": one.service,
        "nearest": {"jail": near.jail, "declaration": near.name, "place": place, "differs": list(one.differs)} if near else None,
    }  # fmt: skip

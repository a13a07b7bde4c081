"""The claims of all jails in one file, so that one jail's are held against a thousand others' by reading that.

A line for each: "PORT PROTOCOLS FAMILY ADDRESS NAME", ranges of ports first, "@ADDRESS - - - NAME" for the jails' own
addresses, and "&JAIL FACE - - NAME" for the jails that their declarations name (`Jail.face`). It may hold more than is claimed now, never less: lines are added before a record is written. Nothing but
`os` and `zlib`: it is on the path of every jail start.
"""

import os

from jailpf.state import seal, writes
from jailpf.state.rundir import RunDir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jailpf.state.records import Record

MANY = 100  # lines of one jail, from which on looking for each of them in all the text is no longer the shortest way


def lines_of(record: "Record") -> list[str]:
    """The lines of a record, without the name."""
    lines = [f"@{address} - - -" for address in record.addresses]
    lines += [f"&{name} {face or '-'} - -" for name, _, face in (one.partition(" ") for one in record.names)]
    for claim in record.claims:
        rest = f"{'+'.join(claim.protos) or '*'} {claim.family}"
        ports = [f"{port.first}:{port.last}" if port.width > 1 else str(port.first) for port in claim.ports]
        lines += [f"{port} {rest} {str(peer).replace(' ', '')}" for port in ports for peer in claim.to]
    return list(dict.fromkeys(lines))


def read(run: RunDir) -> str:
    """The lines, each behind a line end. Raises OSError, ValueError when it has to be made anew."""
    try:
        return "\n" + seal.read(seal.CLAIMS, run.claims).decode()
    except FileNotFoundError:
        if any(os.path.isdir(folder) and os.listdir(folder) for folder in (run.records, run.starting)):
            raise
        return "\n"


def added(text: str, name: str, lines: list[str]) -> str:
    """The lines with those of a jail in place of what it had."""
    mine = [f"{line} {name}\n" for line in lines]
    if f" {name}\n" in text:
        if text.count(f" {name}\n") == len(mine) and _has(text, mine):
            return text
        ending = " " + name
        text = "\n" + "".join(line + "\n" for line in text.split("\n") if line and not line.endswith(ending))
    ranges = filter(is_range, mine)
    return "\n" + "".join(ranges) + text[1:] + "".join(line for line in mine if not is_range(line))


def _has(text: str, lines: list[str]) -> bool:
    """Whether all of the lines, with their ends, are there."""
    if len(lines) > MANY:
        return {line[:-1] for line in lines} <= set(text.split("\n"))
    return all("\n" + line in text for line in lines)


def write(run: RunDir, text: str) -> None:
    """Write it. It is not synced: after a power failure pf has forgotten everything, too. Raises OSError."""
    writes.replace(run.claims, seal.sealed(seal.CLAIMS, text[1:].encode()), sync=False)


def is_range(line: str) -> bool:
    """Whether the line is about more than one port."""
    return line[0] not in "@&" and ":" in line.partition(" ")[0]


def meets(run: RunDir, text: str, name: str, lines: "Iterable[str]") -> bool:
    """Whether a living jail may have claimed something of these lines. What this cannot tell, it says."""
    ranges = []
    held: set[str] = set()
    start = 1
    while start < len(text) and is_range(line := text[start : text.find("\n", start)]):
        ranges.append(line)
        start += len(line) + 1
    lines = list(lines)
    known = _by_port(text, len(lines) > MANY)
    for mine in lines:
        port, _, rest = mine.partition(" ")
        if port[0] == "&":
            continue
        if port[0] == "@":  # somebody else's outside address
            found = _holding(text, f" {port[1:]} ")
        elif ":" in port:
            found = text[1:-1].split("\n") if len(text) > 1 else []
        else:
            found = ranges + known(port)
        if any(collide(mine, other) and is_alive(run, name, other) for other in found):
            return True
        if (outside := rest.split(" ")[2]) not in held and holds(
            run, text, name, outside
        ):  # and somebody else's own one
            return True
        held.add(outside)
    return False


def _by_port(text: str, many: bool) -> "Callable[[str], list[str]]":
    """What gives the lines that begin with a port; many: whether it is called so often that they are sorted first."""
    if not many:
        return lambda port: _starting(text, port + " ")
    lines: dict[str, list[str]] = {}
    for line in text.split("\n"):
        lines.setdefault(line.partition(" ")[0], []).append(line)
    return lambda port: lines.get(port, [])


def holds(run: RunDir, text: str, name: str, address: str) -> bool:
    """Whether an address is also another living jail's."""
    return any(is_alive(run, name, line) for line in _starting(text, f"@{address} "))


def is_named(run: RunDir, text: str, name: str, jail: str, face: str) -> bool:
    """Whether the declaration of another living jail names this one, and was loaded when it had another face, or none."""
    found = [line for line in _starting(text, f"&{jail} ") if is_alive(run, name, line)]
    if any(line.split(" ")[1] != face or face == "-" for line in found):
        return True
    know = {line.rpartition(" ")[2] for line in found}
    return any(line.rpartition(" ")[2] not in know and is_alive(run, name, line) for line in _starting(text, "&* "))


def is_alive(run: RunDir, name: str, line: str) -> bool:
    """Whether the line is another jail's that is loaded, being loaded, or starting."""
    other = line.rpartition(" ")[2]
    return other != name and (
        os.path.lexists(run.record(other))
        or os.path.lexists(run.record(other) + ".new")
        or os.path.lexists(run.start(other))
    )


def _starting(text: str, start: str) -> list[str]:
    found, at = [], text.find("\n" + start)
    while at >= 0:
        end = text.find("\n", at + 1)
        found.append(text[at + 1 : end])
        at = text.find("\n" + start, end)
    return found


def _holding(text: str, word: str) -> list[str]:
    found, at = [], text.find(word)
    while at >= 0:
        end = text.find("\n", at)
        found.append(text[text.rfind("\n", 0, at) + 1 : end])
        at = text.find(word, end)
    return found


def collide(one: str, other: str) -> bool:
    """Whether two lines may claim the same, short of asking what a table or an interface holds."""
    if "&" in (one[0], other[0]):
        return False
    if one[0] == "@" or other[0] == "@":
        return one[0] != other[0]
    ports, protos, family, to = one.split(" ")
    ports2, protos2, family2, to2, _ = other.split(" ")
    first, _, last = ports.partition(":")
    first2, _, last2 = ports2.partition(":")
    if family != family2 or int(first) > int(last2 or first2) or int(first2) > int(last or first):
        return False
    if "*" not in (protos, protos2) and not set(protos.split("+")) & set(protos2.split("+")):
        return False
    return to == to2 or not (is_address(to) and is_address(to2))


def within(record: "Record") -> bool:
    """Whether two lines of one record may claim the same."""
    lines = [line for line in lines_of(record) if line[0] not in "@&"]
    lines.sort(key=lambda line: int(line.partition(" ")[0].partition(":")[0]))
    reach: list[tuple[int, str]] = []  # lines whose last port is not behind us yet
    for line in lines:
        first, _, last = line.partition(" ")[0].partition(":")
        reach = [(end, other) for end, other in reach if end >= int(first)]
        if any(collide(line, f"{other} x") for _, other in reach):
            return True
        reach.append((int(last or first), line))
    return False


def is_address(word: str) -> bool:
    """One address, and nothing that stands for several."""
    if ":" in word:
        return "/" not in word and word[0] != "!" and "(" not in word
    return word.count(".") == 3 and word.replace(".", "").isdigit()

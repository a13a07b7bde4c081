"""What the stand-in pfctl holds, and what changes it."""

from __future__ import annotations

import os
import re
import sys

SECTIONS = {"nat": ("nat", "binat", "rdr", "no"), "rules": ("pass", "block", "anchor", "match")}
KNOWN = {"table", *SECTIONS["nat"], *SECTIONS["rules"], "nat-anchor", "binat-anchor", "rdr-anchor", "load"}


def state() -> str:
    """The folder beside the program."""
    return os.path.abspath(sys.argv[0]) + ".state"


class RefusedError(Exception):
    def __init__(self, *lines: str, status: int = 1) -> None:
        self.lines, self.status = lines, status


def read(name: str, default: str = "") -> str:
    try:
        with open(f"{state()}/{name}", encoding="utf-8") as opened:
            return opened.read()
    except FileNotFoundError:
        return default


def write(name: str, text: str) -> None:
    temporary = f"{state()}/{name}.{os.getpid()}~"
    with open(temporary, "w", encoding="utf-8") as opened:
        opened.write(text)
    os.rename(temporary, f"{state()}/{name}")


def release() -> int:
    return int(read("release", "15"))


def file_of(path: str) -> str:
    return "anchors/" + path.replace("/", "%") if path else "main"


def lines_of(path: str) -> list[str] | None:
    if path and not os.path.exists(f"{state()}/{file_of(path)}"):
        return None
    return read(file_of(path)).splitlines()


def paths() -> list[str]:
    return sorted(name.replace("%", "/") for name in os.listdir(f"{state()}/anchors") if not name.endswith("~"))


def table_name(line: str) -> str:
    return line.split("<")[1].split(">")[0]


def store(path: str, lines: list[str]) -> None:
    """One transaction on one anchor: a `persist` table that the new text does not name stays with its addresses."""
    named = {table_name(line) for line in lines if line.startswith("table")}
    kept = [
        line
        for line in lines_of(path) or ()
        if line.startswith("table") and " persist" in line and table_name(line) not in named
    ]
    for line in lines:
        if file := re.search(r' file "([^"]*)"', line if line.startswith("table") else ""):
            with open(file[1], encoding="utf-8") as opened:  # read once, as pfctl does
                write(members_of(path, table_name(line)), opened.read())
    put(path, kept + lines)


def members_of(path: str, table: str) -> str:
    return f"members.{path.replace('/', '%')}.{table}"


def put(path: str, lines: list[str]) -> None:
    if lines or not path:
        write(file_of(path), "".join(line + "\n" for line in lines))
    else:
        try:  # noqa: SIM105 - contextlib costs a third of the time this takes
            os.unlink(f"{state()}/{file_of(path)}")
        except FileNotFoundError:
            pass


def parse(name: str, text: str) -> list[str]:
    lines, wrong = [], []
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.partition("#")[0].strip()
        if plain and plain.split()[0] not in KNOWN:
            wrong.append(f"{name}:{number}: syntax error")
        elif plain:
            lines.append(plain)
        missing = [file for file in re.findall(r' file "([^"]*)"', plain) if not os.path.exists(file)]
        wrong += [f"{name}:{number}: cannot load {file!r}: No such file or directory" for file in missing]
    if wrong:
        raise RefusedError(*wrong)
    return lines


def load(path: str, file: str, dry: bool, verbose: bool = False) -> None:
    with open(0 if file == "-" else file, encoding="utf-8") as opened:
        text = opened.read()
    if len(path) > 63:
        raise RefusedError("pfctl: pfctl_rules: strlcpy")
    if any(part.startswith("_") for part in path.split("/")):
        raise RefusedError("pfctl: anchor names beginning with '_' cannot be modified from the command line")
    try:
        lines = parse("stdin" if file == "-" else file, text)
        below = {}
        for line in lines:
            if found := re.fullmatch(r'load anchor "([^"]*)" from "([^"]*)"', line):
                with open(found[2], encoding="utf-8") as opened:
                    below[f"{path}/{found[1]}" if path else found[1]] = parse(found[2], opened.read())
    except RefusedError as wrong:
        trailer = () if dry else ("pfctl: Syntax error in config file: pf rules not loaded",)
        raise RefusedError(*wrong.lines, *trailer) from None
    if verbose:
        shown = [*lines, *(line for child in below.values() for line in child if release() >= 15)]
        print("".join(f"{line}\n" for line in shown if not line.startswith("load ")), end="")
    if dry:
        return
    store(path, [line for line in lines if not line.startswith("load ")])
    if release() >= 15 or not path:
        for child, found_lines in below.items():
            store(child, found_lines)


def flush(path: str, what: str) -> None:
    """facts.md, "What `-F` says of an anchor"."""
    lines = lines_of(path)
    tables = [line for line in lines or () if line.startswith("table")]
    if what in ("all", "Tables"):
        put(path, [line for line in lines or () if what != "all" and line not in tables])
    elif what in SECTIONS:
        put(path, [line for line in lines or () if line.split()[0] not in SECTIONS[what]])
    if (what == "Tables" and lines is None) or (what == "all" and not tables):
        raise RefusedError("pfctl: No error: 0")
    print("1 tables deleted.", file=sys.stderr)


def kill(by: str, value: str) -> None:
    kept, killed = [], 0
    for line in read("states").splitlines():
        identity, labels, source, _ = line.split("|")
        mine = {"label": value in labels.split(), "nat": value == source, "id": value.split("/")[0] == identity}[by]
        killed += mine
        kept += [] if mine else [line]
    if killed:
        write("states", "".join(line + "\n" for line in kept))
    print(f"killed {killed} states", file=sys.stderr)


def table(path: str, name: str, command: str) -> None:
    """facts.md, "Table commands"."""
    found = next((line for line in lines_of(path) or () if line.startswith("table") and table_name(line) == name), None)
    if found is None and command not in ("add", "replace"):
        raise RefusedError("pfctl: Table does not exist.", status=255)
    found = found or f"table <{name}> persist"
    inside = re.search(r"\{(.*)\}", found)
    held = inside[1].split() if inside else []
    if not inside and ' file "' in found:
        held = [word for line in read(members_of(path, name)).splitlines() for word in line.partition("#")[0].split()]
    if command == "show":
        for word in held:
            print("   " + word)
        return
    others = [line for line in lines_of(path) or () if line != found]
    if command == "kill":
        put(path, others)
        return
    if " const" in found.partition("{")[0]:
        raise RefusedError("pfctl: No error: 0" if command == "flush" else "pfctl: Operation not permitted", status=255)
    words = sys.stdin.read().split() if command != "flush" else []
    if command == "add":
        words = [*held, *(word for word in words if word not in held)]
    elif command == "delete":
        words = [word for word in held if word not in words]
    put(path, [f"table <{name}> persist {{ {' '.join(words)} }}", *others])
    print(f"{len(words)} addresses added.", file=sys.stderr)

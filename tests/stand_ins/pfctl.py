"""pfctl(8) as facts.md section 5 and transcript-pfctl-15.txt have it, over a folder of anchors instead of a kernel.

Beside the program lies PROGRAM.state: `log` (one line for each run, words parted by 0x1f), `anchors/PATH` ("%" for
"/"), `main` (the main ruleset), `states` (ID|LABELS|NAT SOURCE|LINE), `running` ("Enabled", "Disabled"), `release`, and
`moods`: lines PATTERN<tab>MOOD<tab>TIMES. The first mood whose PATTERN is found in the arguments applies, TIMES runs long.
"""

from __future__ import annotations

import os
import re
import sys

STATE = os.path.abspath(sys.argv[0]) + ".state"
SECTIONS = {"nat": ("nat", "binat", "rdr", "no"), "rules": ("pass", "block", "anchor", "match")}
KNOWN = {"table", *SECTIONS["nat"], *SECTIONS["rules"], "nat-anchor", "binat-anchor", "rdr-anchor", "load"}


class RefusedError(Exception):
    def __init__(self, *lines: str, status: int = 1) -> None:
        self.lines, self.status = lines, status


def read(name: str, default: str = "") -> str:
    try:
        with open(f"{STATE}/{name}", encoding="utf-8") as opened:
            return opened.read()
    except FileNotFoundError:
        return default


def write(name: str, text: str) -> None:
    temporary = f"{STATE}/{name}.{os.getpid()}~"
    with open(temporary, "w", encoding="utf-8") as opened:
        opened.write(text)
    os.rename(temporary, f"{STATE}/{name}")


def release() -> int:
    return int(read("release", "15"))


def file_of(path: str) -> str:
    return "anchors/" + path.replace("/", "%") if path else "main"


def lines_of(path: str) -> list[str] | None:
    if path and not os.path.exists(f"{STATE}/{file_of(path)}"):
        return None
    return read(file_of(path)).splitlines()


def paths() -> list[str]:
    return sorted(name.replace("%", "/") for name in os.listdir(f"{STATE}/anchors") if not name.endswith("~"))


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
            os.unlink(f"{STATE}/{file_of(path)}")
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


def show(path: str, what: str) -> None:
    if what == "Running":
        running = read("running", "Enabled").strip()
        print(running)
        raise SystemExit(running != "Enabled")
    if what == "Anchors":
        found = {"/".join(each.split("/")[:depth]) for each in paths() for depth in range(1, each.count("/") + 2)}
        for each in sorted(found):
            if not path or each.startswith(path + "/"):
                print("  " + each)
        return
    if what == "states":
        for line in read("states").splitlines():
            identity, _, _, text = line.split("|")
            print(f"{text}\n   [0 + 1]  [0 + 1]\n   age 00:00:00, rule 0\n   id: {identity} creatorid: f728d976")
        return
    if what == "labels":
        for each in ["", *paths()] if path == "*" else [path]:
            for line in lines_of(each) or ():
                if labels := re.findall(r'label "([^"]*)"', line):
                    print(*labels, *"00000000")
        return
    if what in ("Interfaces", "memory"):
        print(read(what), end="")
        return
    if path == "*" and what in SECTIONS:
        walk(what)
        return
    lines = lines_of(path)
    if lines is None:
        if what == "Tables":
            raise RefusedError("pfctl: Anchor does not exist.")
        missing = "pfctl: DIOCGETRULES: Invalid argument" if what == "nat" else "pfctl: Anchor does not exist."
        raise RefusedError(missing, status=0)
    for line in lines:
        if what == "Tables" and line.split()[0] == "table":
            print(table_name(line))
        elif is_of(what, line):
            print(printed(line))


def is_of(what: str, line: str) -> bool:
    word = line.split()[0]
    return what in SECTIONS and (word in SECTIONS[what] or (what == "nat" and word.endswith("-anchor")))


def walk(what: str) -> None:
    """`-a '*'` on 15: below each anchor line the children that it calls, in braces, indented by two blanks."""
    for line in (line for line in lines_of("") or () if is_of(what, line)):
        if not (call := re.match(r'\S*anchor "([^"]+)/\*"', line)):
            print(line)
            continue
        print(line, "{")
        for path in (path for path in paths() if path.rpartition("/")[0] == call[1]):
            print(f'  {"nat-" if what == "nat" else ""}anchor "{path.rpartition("/")[2]}" all {{')
            print("".join(f"    {printed(rule)}\n" for rule in lines_of(path) or () if is_of(what, rule)), end="")
            print("  }")
        print("}")


def printed(line: str) -> str:
    """As pf prints a rule that it holds: with the file `prints`, WRITTEN<tab>PRINTED, otherwise than `-n -v` does."""
    for pair in read("prints").splitlines():
        line = line.replace(*pair.split("\t"))
    return line


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


def mood(words: str) -> str:
    lines = read("moods").splitlines()
    for number, line in enumerate(lines):
        pattern, what, times = line.split("\t")
        if times != "0" and re.search(pattern, words):
            lines[number] = f"{pattern}\t{what}\t{int(times) - 1}"
            write("moods", "".join(each + "\n" for each in lines))
            return what
    return ""


def give_up(how: str) -> None:
    if how == "killed":
        os.kill(os.getpid(), 9)
    import signal

    write("hanging", str(os.getpid()))
    signal.pause()


def main(words: list[str]) -> int:
    options: dict[str, list[str]] = {}
    rest = list(words)
    while rest:
        flag = rest.pop(0)
        for letter in flag[1:]:
            takes = letter in "asfFktTioD"
            options.setdefault(letter, []).append(rest.pop(0) if takes else "")
            if letter == "T":
                options["T"] += rest
                if "f" not in options and "-f" in rest:
                    options["f"] = ["-"]
                rest = []
    path = options.get("a", [""])[0]
    if options.get("a") == [""]:
        raise RefusedError("pfctl: anchor name must not be empty")
    if "T" in options:
        table(path, options["t"][0], options["T"][0])
    elif "k" in options:
        kill(*options["k"])
    elif "f" in options:
        load(path, options["f"][0], "n" in options, "v" in options)
    elif "F" in options:
        flush(path, options["F"][0])
    elif "s" in options:
        show(path, options["s"][0])
    return 0


def run(words: list[str]) -> int:
    with open(f"{STATE}/log", "a", encoding="utf-8") as log:
        log.write("\x1f".join(words) + "\n")
    how = mood(" ".join(words)) if os.path.exists(f"{STATE}/moods") else ""
    what, _, when = how.partition(" ")
    if what in ("killed", "hangs") and when != "after":
        give_up(what)
    if what == "altq":
        print("No ALTQ support in kernel\nALTQ related functions disabled", file=sys.stderr)
    said = {
        "busy": "pfctl: DIOCXCOMMIT: Device busy",
        "missing": "pfctl: /dev/pf: No such file or directory",
        "netlink": "pfctl: Failed to open netlink: No such file or directory",
        "denied": "pfctl: /dev/pf: Permission denied",
        "refuses": "stdin:1: syntax error\npfctl: Syntax error in config file: pf rules not loaded",
        "mute": "",
    }.get(what)
    if said is not None:
        print(said, end="\n" if said else "", file=sys.stderr)
        return 1
    if what == "silent":
        return 0
    if what == "torn":  # as of pfctl whose rules were loaded anew while it read them
        print('anchor "jailpf/*" all {\n  anchor "j0" all {')
        print("pfctl: DIOCGETRULE: Invalid argument", file=sys.stderr)
        return 0
    try:
        status = main(words)
    except RefusedError as wrong:
        print(*wrong.lines, sep="\n", file=sys.stderr)
        status = wrong.status
    sys.stdout.flush()
    if when == "after":
        give_up(what)
    return status


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))

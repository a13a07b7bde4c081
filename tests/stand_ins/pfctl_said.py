"""What the stand-in pfctl shows of it, as pfctl(8) prints it."""

from __future__ import annotations

import re

from stand_ins.pfctl_held import SECTIONS, RefusedError, lines_of, paths, read, table_name


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

"""pfctl(8) as facts.md section 5 and transcript-pfctl-15.txt have it, over a folder of anchors instead of a kernel.

Beside the program lies PROGRAM.state: `log` (one line for each run, words parted by 0x1f), `anchors/PATH` ("%" for
"/"), `main` (the main ruleset), `states` (ID|LABELS|NAT SOURCE|LINE), `running` ("Enabled", "Disabled"), `release`, and
`moods`: lines PATTERN<tab>MOOD<tab>TIMES. The first mood whose PATTERN is found in the arguments applies, TIMES runs long.
"""

from __future__ import annotations

import os
import re
import sys

from stand_ins.pfctl_held import RefusedError, flush, kill, load, read, state, table, write
from stand_ins.pfctl_said import show


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
    with open(f"{state()}/log", "a", encoding="utf-8") as log:
        log.write("\x1f".join(words) + "\n")
    how = mood(" ".join(words)) if os.path.exists(f"{state()}/moods") else ""
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

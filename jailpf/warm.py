"""`created` when nothing changed since `prestart`: a few stat calls and pfctl with the compiled text.

No argparse, dataclasses, json or subprocess here: a jail start waits for this. Whatever is not plain sailing returns
None, and the whole `created` does it over.
"""

import os

from jailpf.state import writes
from jailpf.state.lock import Lock
from jailpf.state.rundir import FORMAT, RunDir, file_name, read, stamp

SETTINGS = "/usr/local/etc/jailpf/jailpf.toml"
RUN = "/var/run/jailpf"


def parse(arguments: list[str]) -> tuple[str, str, str] | None:
    """(settings, run directory, jail) of `[-c FILE] [--run DIR] created JAIL`, None for every other form."""
    settings, run = SETTINGS, RUN
    at = 0
    while len(arguments) - at > 2 and arguments[at] in ("-c", "--run") and not arguments[at + 1].startswith("-"):
        if arguments[at] == "-c":
            settings = os.path.abspath(arguments[at + 1])
        else:
            run = os.path.abspath(arguments[at + 1])
        at += 2
    if len(arguments) - at != 2 or arguments[at] != "created" or arguments[at + 1].startswith("-"):
        return None
    return settings, run, arguments[at + 1]


def created(settings: str, run: str, jail: str) -> int | None:
    """Load the compiled ruleset. 0, or None when it has to be done in full."""
    directory = RunDir(run)
    name = file_name(jail)
    plan = directory.plan(name)
    try:
        status = os.lstat(run)
        if status.st_uid != os.geteuid() or status.st_mode & 0o170022 != 0o040000:
            return None
        with Lock(directory):
            return _load(directory, plan, name, settings)
    except (OSError, TimeoutError, ValueError):
        return None


def _load(directory: RunDir, plan: str, name: str, settings: str) -> int | None:
    record = directory.record(name)
    if os.path.exists(record) or os.path.exists(record + ".new"):
        return None
    lines = read(plan + "/plan").decode("utf-8", "surrogateescape").split("\n")
    if lines[:2] != [FORMAT, "settings " + settings]:
        return None
    loads = []
    program = ""
    for line in lines[2:]:
        word, _, rest = line.partition(" ")
        if word == "input":
            was, _, path = rest.partition(" ")
            if stamp(path) != was:
                return None
        elif word == "load":
            loads.append(rest)
        elif word == "pfctl":
            program = rest
    if not program or lines[-2:] != ["end", ""]:
        return None
    from jailpf.system import spawn

    staged = writes.stage(record, read(plan + "/record"))
    for number, path in enumerate(loads):
        if status := spawn.run([program, "-a", path, "-f", "-"], f"{plan}/{number}.pf")[0]:
            if not number and status > 0:  # refused, so that nothing is loaded
                writes.remove(staged)
            return None
    writes.commit(staged)
    return 0


def log(message: str) -> None:
    """One line to syslog (daemon, ident jailpf)."""
    import syslog

    syslog.openlog("jailpf", syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_NOTICE, message.encode("utf-8", "backslashreplace").decode())

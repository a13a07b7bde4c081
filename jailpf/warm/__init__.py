"""The hooks of a jail of which nothing changed: a few stat calls and the pfctl that it takes.

No argparse, dataclasses, json, re or subprocess here: jail(8) waits for this. Whatever is not plain sailing is None, and
the whole verb does it over. Checksums, the lock and what is written are the same on both ways.
"""

import os
import time

from jailpf.state import lock, writes
from jailpf.state.rundir import RUN, RunDir, file_name, is_private
from jailpf.system import spawn

SETTINGS = "/usr/local/etc/jailpf/jailpf.toml"
DONE = {"prestart": "checked", "created": "loaded", "poststop": "nothing is left"}
TOOK_MOST = 1 << 16  # bytes of how long hooks took: some 2000 of them
SECONDS = 25.0  # that all programs of a hook may take together: less than others wait for the lock


class Form:
    """A command line that is understood: the verb, the jail, jailpf.toml, and where jailpf keeps what it knows."""

    def __init__(self, verb: str, jail: str, settings: str, run: str, plans: str) -> None:
        self.verb, self.jail, self.settings = verb, jail, settings
        self.name = file_name(jail)
        self.run = RunDir(run, plans)


def parse(arguments: list[str]) -> Form | None:
    """`[-c FILE] [--run DIR] [--plans DIR] VERB JAIL`, None for every other form."""
    given = {"-c": SETTINGS, "--run": RUN, "--plans": ""}
    at = 0
    while len(arguments) - at > 2 and arguments[at] in given and not arguments[at + 1].startswith("-"):
        given[arguments[at]] = os.path.abspath(arguments[at + 1])
        at += 2
    if len(arguments) - at != 2 or arguments[at] not in DONE:
        return None
    verb, jail = arguments[at:]
    if not jail[:1].isalnum() or not jail.isascii() or not jail.isprintable() or "/" in jail or " " in jail:
        return None
    return Form(verb, jail, given["-c"], given["--run"], given["--plans"])


def hook(arguments: list[str]) -> int | None:
    """Run the hook of an unchanged jail. 0, or None when it has to be done in full."""
    if len(arguments) < 2 or arguments[-2] not in DONE or not (form := parse(arguments)):
        return None
    begun = time.monotonic()
    lock.who = f"{form.verb} {form.jail}"
    spawn.limit(SECONDS)
    try:
        if not all(spawn.is_trusted(os.path.dirname(path)) for path in (form.run.path, form.run.plans)):
            return None
        if form.verb == "prestart":
            from jailpf.warm.prestart import prestart as verb
        elif form.verb == "created":
            from jailpf.warm.created import created as verb
        else:
            from jailpf.warm.poststop import poststop as verb
        done = verb(form)
    except (OSError, ValueError, OverflowError):  # TimeoutError too
        return None
    finally:
        spawn.limit(0)
    if done:
        log(f"{form.verb} {form.jail}: {done}")
    if done is not None:
        took(form.run, form.verb, form.jail, begun)
    return 0 if done is not None else None


def took(run: RunDir, verb: str, jail: str, begun: float) -> None:
    """Keep how long a hook took, for `jailpf metrics`. begun: by time.monotonic(). No trouble there is any of the hook's."""
    try:
        if jail.isprintable() and is_private(run.path):
            line = f"{verb} {time.monotonic() - begun:.4f} {jail}\n"
            writes.append(run.took, line.encode(), TOOK_MOST)
    except (OSError, ValueError):
        pass


def log(message: str) -> None:
    """One line to syslog (daemon, ident jailpf)."""
    import syslog

    syslog.openlog("jailpf", syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_NOTICE, message.encode("utf-8", "backslashreplace").decode())

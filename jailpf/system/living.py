"""Whether a jail lives: what jls(8), and the environment of a hook, say. Nothing but `os`: poststop waits for this."""

import os

from jailpf.system import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 10.0


def jid(names: "tuple[str, ...]", environment: "Mapping[str, str] | None" = None) -> int:
    """The jid that jail(8) of 15 tells the hooks of a jail that is called one of `names`; 0 elsewhere."""
    environment = os.environ if environment is None else environment
    number = environment.get("JID", "")
    return int(number) if environment.get("JNAME") in names and number.isascii() and number.isdigit() else 0


def kills_by_nat() -> bool:
    """Whether `pfctl -k nat` exists: 13 would look "nat" up in the DNS. Elsewhere than on FreeBSD pf is a stand-in for 15's."""
    system = os.uname()
    return system.sysname != "FreeBSD" or int(system.release.partition(".")[0]) >= 15


def running(jls: str, name: str) -> int:
    """The jid of a running jail, 0 when it does not run, -1 when that cannot be told."""
    try:
        status, out, _ = spawn.run([jls, "-j", name, "jid"], seconds=SECONDS)
    except (OSError, TimeoutError):
        return -1
    number = out.strip()
    return int(number) if not status and number.isdigit() else 0


def keeps(jail: str, name: str, loaded_for: int, jls: str, environment: "Mapping[str, str] | None" = None) -> str:
    """Why nothing may be taken away from a jail, "" when there is no reason.

    jail: as declared; name: as jls(8) has it; loaded_for: the jid it was loaded for, 0: not known. Where jls(8) cannot be
    asked there is none: a jail that is gone must not keep its rules for that.
    """
    environment = os.environ if environment is None else environment
    other = environment.get("JNAME", "")
    if other and other not in (jail, name):
        return f"this hook is that of the jail {other}"
    found = running(jls, name) if jls else 0
    if found > 0 and loaded_for in (0, found):
        return f"{name} runs (jid {found})"
    return ""

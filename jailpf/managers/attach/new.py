"""`jailpf new`: a first declaration, with everything else in comments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, PermissionDeniedError, Place, UsageError
from jailpf.managers.adapter import ask
from jailpf.values import JailName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jailpf.declare.settings import Settings
    from jailpf.managers.adapter import Adapter

TEXT = """\
# The services of the jail {jail}. `jailpf check {jail}` finds mistakes, `jailpf render {jail}` shows the rules.
# All keys: jailpf.toml(5). For completion in an editor: `jailpf schema jail`.

#[service.web]                       # a name of your choice
#port = [80, 443]                    # in the jail; tcp unless proto = "udp" or "tcp+udp"
#from = "192.0.2.0/24"               # who may connect; without it, everybody
#rdr = {{ port = [8080, 8443] }}       # the external ports, if they differ
#allow = {{ max_src_conn = 20, max_src_conn_rate = "15/5", overload = true }}

#[service.sql]                       # for one other jail only
#port = 5432
#from = "jail:web"                   # who may connect, at the jail's own address

#[service.ssh]                       # for the addresses in a table, which can change while the rules stay
#port = 22
#from = "<friends>"

#[table.friends]
#file = "friends.table"              # next to this file; one address or network per line

#[nat.out]                           # an address of its own for outgoing connections
#address = "198.51.100.7"

#[out.updates]                       # outgoing connections, on a host that blocks by default
#proto = "tcp"
#port = [80, 443]
{table}"""

KNOWN = """
#[jail]                              # from {manager}: {addresses}
"""

UNKNOWN = """
[jail]                               # {why}
#ip4 = "10.0.0.2"
#ip6 = "fd00::2"
"""


def new(adapters: Sequence[Adapter], name: str) -> str:
    """The text of a commented declaration for a jail. Raises UsageError for what cannot be a jail's name, ConfigError."""
    try:
        JailName.parse(name)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
    known = ask(adapters, name)
    jail = known[1] if known else None
    if jail is not None and jail.settled and jail.addresses:
        table = KNOWN.format(manager=jail.known_by, addresses=", ".join(map(str, jail.addresses)))
    else:
        why = f"{jail.known_by} does not know its addresses before it runs" if jail else "no jail manager knows it yet"
        table = UNKNOWN.format(why=why)
    return TEXT.format(jail=name, table=table)


def write_new(settings: Settings, adapters: Sequence[Adapter], name: str) -> str:
    """Write that declaration, 0644, its folder made 0755 where it is missing; the name of the file.

    Raises ConfigError when there is one already, PermissionDeniedError.
    """
    if name.endswith(".toml"):
        raise UsageError(
            f"{name} is the name of a file, not of a jail", None, f"jailpf new {name.removesuffix('.toml')}"
        )
    file = settings.jail_file(name)
    content = new(adapters, name).encode()
    try:
        os.makedirs(os.path.dirname(file), 0o755, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with open(descriptor, "wb") as opened:
            os.fchmod(descriptor, 0o644)
            opened.write(content)
    except FileExistsError:
        raise ConfigError("already exists", Place(file), f"run `jailpf check {name}`") from None
    except PermissionError as wrong:
        raise PermissionDeniedError(f"cannot be written: {wrong.strerror}", Place(file), "run as root") from None
    except OSError as wrong:
        raise ConfigError(f"cannot be written: {wrong.strerror}", Place(file)) from None
    return file

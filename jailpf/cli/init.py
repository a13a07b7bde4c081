"""init: the lines for pf.conf, printed, never written there; and first settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.declare.layout import CALLS, OWN_LOOPBACK
from jailpf.errors import ConfigError, PermissionDeniedError, Place, UsageError
from jailpf.lifecycle.checks import outside
from jailpf.state import writes
from jailpf.values import FAMILIES, Interface

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.declare.settings import Settings
    from jailpf.lifecycle.session import Session

SETTINGS = """\
# The settings of this host; see jailpf.toml(5). `jailpf check` finds mistakes.

# Above [host]:
# layout = "single"             # the anchors in pf.conf; others: jailpf.toml(5)
# plugins = []
# main = "pf.conf"              # only for pf = "simulated": its pf.conf; without it, the lines of `jailpf init`

[host]
ext_if = "{ext_if}"
# ext_ip4 = "({ext_if}:0)"      # the external address: this one, an address, or a "<table>" of pf.conf
# ext_ip6 = "({ext_if}:0)"
# nat = "({ext_if}:0)"          # the address for outgoing connections of jails; without it, pf.conf translates
"""


def init(session: Session, options: Namespace) -> int:
    """Write jailpf.toml when --ext-if is given and there is none, and print the lines that pf.conf needs."""
    if options.ext_if:
        _write(session.file, options.ext_if)
        output.problems(outside.nowhere(session), level="yellow")
    print(lines(session.settings), end="")
    return 0


def lines(settings: Settings) -> str:
    """The lines of pf.conf for the layout, in the order that pf wants them."""
    found = [f'{CALLS[section]} "{parent}/*"' for section, parent in settings.layout.parents if section != "filter"]
    card = (settings.host.default_if or settings.host.ext_if)[0]
    found += [
        "block all                        # without a block, every port of every jail is open; `block quick` lines go here",
        f"# pass out on {card} from ({card}) to any            <- lets the host itself out",
        f"# {OWN_LOOPBACK}  <- and talk to itself",
        f"# pass in on {card} proto tcp to ({card}:0) port 22  <- your ssh: without it, loading this shuts you out",
        "pass inet6 proto icmp6           # neighbour discovery: without it, any block stops IPv6",
    ]
    found += [f'anchor "{parent}/*"' for section, parent in settings.layout.parents if section == "filter"]
    tables = [peer.word for family in FAMILIES for peer in settings.host.outside(family) if peer.table]
    found[:0] = [f"# table {word} persist {{ ... }}  <- your address" for word in dict.fromkeys(tables)]
    if settings.host.nat:
        found.insert(0, "# no general nat line: on 15, a translation rule of the main ruleset wins over every anchor")
    return "\n".join(found) + "\n"


def _write(file: str, ext_if: str) -> None:
    try:
        interface = Interface.parse(ext_if)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
    if os.path.lexists(file):
        raise ConfigError(f"{file} already exists", None, "edit it, or run init without --ext-if")
    folder = os.path.dirname(os.path.abspath(file))
    try:
        os.makedirs(os.path.join(folder, "jails"), 0o755, exist_ok=True)
        writes.replace(file, SETTINGS.format(ext_if=interface).encode(), 0o644)
    except PermissionError as wrong:
        remedy = "run as root; to try it out without: -c FILE --run DIR --pf simulated"
        raise PermissionDeniedError(f"cannot be written: {wrong.strerror}", Place(file), remedy) from None
    print(f"# wrote {file}; declarations go to {folder}/jails/NAME.toml. Lines for pf.conf:")

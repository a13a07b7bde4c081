"""Main rulesets for the tests: the host's own traffic is safe in each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freebsd import host
from freebsd.net import EXT4, EXT6
from freebsd.tools import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from freebsd.net import Net

POLICIES = {"none": "", "block in": "block in", "block all": "block all"}
CALLS = ('nat-anchor "jailpf/*"', 'binat-anchor "jailpf/*"', 'rdr-anchor "jailpf/*"', 'anchor "jailpf/*"')
ICMP6 = "pass inet6 proto icmp6"


def text(
    net: Net, policy: str = "block all", *, calls: Sequence[str] = CALLS, translation: str = "", above: str = "",
    below: str = "", skip: Sequence[str] = (), icmp6: bool = True, tables: bool = True,
) -> str:  # fmt: skip
    """A pf.conf. policy: a key of POLICIES; calls: the anchor lines; translation: rules above those; above, below: filter
    rules around the filter anchors; skip: further interfaces to skip; tables: <ext_ip4> and <ext_ip6>.

    Interfaces that are not the tests' are skipped, and should that be lost for a moment, passed without states: the ssh
    session of whoever runs this lives there. What they send to themselves goes by lo0.
    """
    skipped = [*net.foreign, *skip]
    lines = [f"set skip on {{ {' '.join(skipped)} }}"] if skipped else []
    lines.append(f"table <{host.MARK}> persist {{ 192.0.2.254{''.join(' ' + word for word in sorted(net.safe))} }}")
    if tables:
        lines += [f"table <ext_ip4> persist {{ {EXT4} }}", f"table <ext_ip6> persist {{ {EXT6} }}"]
    lines += translation.splitlines()
    lines += [line for line in calls if not line.startswith("anchor ")]
    if net.foreign:
        lines.append(f"pass quick on {{ {' '.join(net.foreign)} }} no state")
    lines += [
        f"pass quick on lo0 from <{host.MARK}> to any no state",
        "pass quick on lo0 inet from 127.0.0.0/8 to any no state",
        "pass quick on lo0 inet6 from ::1 to any no state",
    ]
    lines += above.splitlines()
    lines += [POLICIES[policy]] if POLICIES[policy] else []
    lines += [ICMP6] if icmp6 else []
    lines += [line for line in calls if line.startswith("anchor ")]
    lines += below.splitlines()
    return "".join(line + "\n" for line in lines if line.strip())


def load(main: str) -> None:
    """Make it the host's main ruleset, and pf filter. Raises ToolError."""
    run("pfctl", "-n", "-f", "-", text=main)
    run("pfctl", "-f", "-", text=main)
    if not host.enabled():
        run("pfctl", "-e", must=False)


def restart(main: str) -> None:
    """What rc.d/pf does for `service pf restart`, with our file: off, empty, loaded, on."""
    run("pfctl", "-d", must=False)
    run("pfctl", "-F", "all", must=False)
    run("pfctl", "-f", "-", text=main)
    run("pfctl", "-e", must=False)


def anchor(path: str, rules: str) -> None:
    """Load an anchor. Raises ToolError."""
    run("pfctl", "-a", path, "-f", "-", text=rules)


def calls_of(init: str) -> list[str]:
    """The anchor lines in what `jailpf init` prints."""
    lines = [line.partition("#")[0].strip() for line in init.splitlines()]
    return [line for line in lines if "anchor" in line.partition(" ")[0]]

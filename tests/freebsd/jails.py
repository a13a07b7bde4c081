"""Jails of the tests: where they live, and the jail.conf that makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from freebsd import net
from freebsd.net import BRIDGE4, BRIDGE6, Epair
from freebsd.tools import Said, run

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["lo", "alias", "vnet"]
INTO = {"prestart": "exec.prepare", "created": "exec.created", "poststop": "exec.poststop"}


@dataclass
class Jail:
    """name begins with net.PREFIX; interface: that of the host which has its addresses, or the bridge before it.

    hooks: (parameter, command) in the order of the file; lines: more of the block; told: a vnet jail's declaration says
    its addresses, so that `created` need not wait until it runs.
    """

    name: str
    kind: Kind
    ip4: str
    ip6: str
    interface: str
    pair: Epair | None = None
    told: bool = True
    hooks: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def addresses(self) -> list[str]:
        """Both."""
        return [word for word in (self.ip4, self.ip6) if word]

    def address(self, family: str) -> str:
        """That of "inet" or "inet6"."""
        return self.ip6 if family == "inet6" else self.ip4

    def block(self) -> str:
        """Its block of jail.conf(5)."""
        lines = [f'host.hostname = "{self.name}";', *(self._vnet() if self.kind == "vnet" else self._local())]
        lines += [f'{parameter} += "{command}";' for parameter, command in self.hooks]
        return "".join([f"{self.name} {{\n", *(f"    {line}\n" for line in [*lines, *self.lines]), "}\n"])

    def _local(self) -> list[str]:
        found = [f'ip4.addr = "{self.interface}|{self.ip4}/32";'] if self.ip4 else []
        return found + ([f'ip6.addr = "{self.interface}|{self.ip6}/128";'] if self.ip6 else [])

    def _vnet(self) -> list[str]:
        assert self.pair
        near, far = self.pair
        inside = [f"/sbin/ifconfig {word}" for word in (
            "lo0 127.0.0.1/8 up", f"{far} inet {self.ip4}/24 up", f"{far} inet6 -ifdisabled", f"{far} inet6 no_dad",
            f"{far} inet6 {self.ip6}/64 alias",
        )]  # fmt: skip
        inside += [f"/sbin/route -q add default {BRIDGE4}", f"/sbin/route -q -6 add default {BRIDGE6}", "/usr/bin/true"]
        return [
            "vnet;",
            f'vnet.interface = "{far}";',
            f'exec.prestart = "/sbin/ifconfig {self.interface} addm {near} || true";',
            f'exec.start = "{"; ".join(inside)}";',
        ]


def conf(jails: Iterable[Jail]) -> str:
    """A whole jail.conf. path "/": the jails need no file system of their own."""
    head = 'exec.clean;\npersist;\npath = "/";\nexec.timeout = 90;\nstop.timeout = 5;\n'
    return head + "".join("\n" + jail.block() for jail in jails)


def running() -> set[str]:
    """The names of all running jails."""
    return set(run("jls", "name").out.split())


def remove(file: str, jail: Jail) -> Said:
    """`jail -r`, and where that fails `jail -R` and what it leaves: aliases, a far end without a jail."""
    said = run("jail", "-f", file, "-r", jail.name, must=False)
    if jail.name in running():
        net.remove_jail(jail.name)
    if jail.kind != "vnet":
        for word in jail.addresses:
            family = "inet6" if ":" in word else "inet"
            run("ifconfig", jail.interface, family, word, "-alias", must=False)
    return said

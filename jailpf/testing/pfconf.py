"""Anybody's pf.conf under test: who gets in, without a jail and without jailpf.toml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError, UsageError
from jailpf.testing.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Simulated

# What a pf.conf meets when a test names no interfaces.
INTERFACES = {"em0": ("203.0.113.1/24", "2001:db8::1/64"), "lo0": ("::1/128", "fe80::1/64", "127.0.0.1/8")}


class PfConf:
    """A pf.conf on a host with these interfaces. Raises PfRefusedError with a line for each thing that pfctl refuses.

    text: the rules, or a Path to them. ext_if: where packets from outside come in, the first interface unless said.

        conf = PfConf(Path("/etc/pf.conf"), {"em0": ["203.0.113.1/24"]})
        conf.traffic("198.51.100.7", 22).is_blocked()
        conf.traffic("198.51.100.7", 443).reaches("host")
        assert "block drop in log on em0 all" in conf.printed
    """

    def __init__(
        self, text: str | Path, interfaces: Mapping[str, Sequence[str]] | None = None, *, ext_if: str = ""
    ) -> None:
        from jailpf.pf.simulated import Simulated, Topology
        from jailpf.pf.simulated.language.parse import parse

        file = str(text) if isinstance(text, Path) else "pf.conf"
        rules = text.read_text() if isinstance(text, Path) else text
        known = {"lo0": INTERFACES["lo0"], **(INTERFACES if interfaces is None else interfaces)}
        topology = Topology.of(known)
        topology.set_external(ext_if or next(name for name in known if name != "lo0"))
        parsed = parse(rules, topology, name=file, main=True)
        if parsed.problems:
            raise PfRefusedError(parsed.problems)
        self.printed: list[str] = parsed.listing().splitlines()
        self._pf = Simulated(main=rules, topology=topology)

    @property
    def pf(self) -> Simulated:
        """The simulated pf with the rules."""
        return self._pf

    def session(self) -> Session:
        """There is no jailpf.toml. Raises UsageError."""
        raise UsageError("a pf.conf alone has no jailpf.toml")

    def traffic(
        self, source: str, port: int = 0, *, to: str = "", proto: str = "tcp", source_port: int = 40000
    ) -> Traffic:
        """Open a connection from an address outside, or from the "host". to: the first address of ext_if unless said."""
        sender, address = ("host", "") if source == "host" else ("outside", source)
        aim = to or self._address("inet6" if ":" in address else "inet")
        found = self._pf.connect(proto, address, aim, port, source_port=source_port, sender=sender)
        return Traffic(self, f"{proto} from {source} to {aim} port {port}", found)

    def _address(self, family: str) -> str:
        from jailpf.pf.simulated.rules.addresses import host_text

        hosts = self._pf.topology.resolve(f"{self._pf.topology.ext_if}:0") or []
        found = [host_text(host) for host in hosts if host.family == family]
        if not found:
            raise UsageError(f"{self._pf.topology.ext_if} has no {family} address; say `to`")
        return found[0]

"""Tables that a pf.conf leaves empty: pf is asked, else the manager of the jails, else nobody knows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from jailpf.errors import PfRefusedError
from jailpf.insight.filled import filled
from jailpf.pf.simulated.host.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT = "table <jails> persist\ntable <bad> persist\ntable <own> { 192.0.2.1 }\npass\n"


class _Pf:
    def table(self, path: str, name: str, command: str) -> list[str]:
        assert (path, command) == ("", "show")
        if name == "jails":
            raise PfRefusedError("no such table")
        return ["198.51.100.66"]


class _Adapter:
    def fills(self) -> dict[str, Iterable[str]]:
        return {"jails": ["10.0.0.10"], "other": ["10.0.0.11"]}


def _session(pf: str) -> Any:
    jails = SimpleNamespace(adapters=[_Adapter()])
    return cast("Any", SimpleNamespace(settings=SimpleNamespace(pf=pf), pf=_Pf(), jails=jails))


def test_pf_is_asked_and_then_the_manager() -> None:
    """What pf has now, of this host; what the file itself says is left alone."""
    everything = {"jails": ("10.0.0.10",), "bad": ("198.51.100.66",)}
    assert filled(_session("pfctl"), TEXT, Topology(), elsewhere=False) == everything
    for session, elsewhere in ((_session("pfctl"), True), (_session("simulated"), False)):
        assert filled(session, TEXT, Topology(), elsewhere) == {"jails": ("10.0.0.10",)}

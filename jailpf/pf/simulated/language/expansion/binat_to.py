"""What pfctl demands of binat-to: one source and one address, without a direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.words.resolve import several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.language.words.interfaces import Node
    from jailpf.pf.simulated.rules.rule import Family, Host

_UP_TO_MASK = 16


def faults_of(
    sources: list[Node], written: Node, source: Host, pool: list[Node], family: Family, direction: str, stale: bool
) -> Iterator[str]:
    """Why a binat-to rule cannot be, for one of its sources, which is `written` as one of the list. `stale`: the pool of a source that was refused is left."""
    target = pool[0].host
    if source.kind != "dynamic" and sources and sources[-1] is not written:
        yield "invalid use of table as the source address of a binat-to rule"
    if len(pool) > 1 or stale:
        yield "tables cannot be used as the redirect address of a binat-to rule"
    what = "as the source address of a binat-to rule"
    rest = [source] if source.kind == "dynamic" else [node.host for node in _from(sources, written)]
    table = next((host.name for host in rest if host.kind == "table"), "")
    dynamic = next((host.name.split(":")[0] for host in rest if several(host)), "")
    if table:
        yield f"invalid use of table <{table}> {what}"
    elif dynamic:
        yield f"invalid use of interface ({dynamic}) {what}"
    elif source.kind not in {"net", "dynamic", "any"} or target.kind not in {"net", "dynamic"}:
        yield "binat-to requires a specified source and redirect address"
    if several(source) or several(target):
        yield "dynamic interfaces must be used with:0 in a binat-to rule"
    if family and (_no_mask(source) or _no_mask(target)):
        yield "source and redir addresses must have a matching network mask in binat-rule"
    if target.kind == "table":
        yield "tables cannot be used as the redirect address of a binat-to rule"
    if direction:
        yield "binat-to cannot be specified with a direction"


def _from(sources: list[Node], written: Node) -> list[Node]:
    at = next((number for number, node in enumerate(sources) if node is written), 0)
    return sources[at:]


def _no_mask(host: Host) -> bool:
    if host.kind == "table":  # whose name lies where the mask of an address would, from its 17th letter on
        return len(host.name.encode()) <= _UP_TO_MASK
    return host.kind in {"any", "no-route", "urpf-failed"} or (host.kind in {"net", "dynamic"} and host.prefix == 0)

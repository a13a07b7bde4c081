"""Ports outside and inside, paired."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.plugin import Context, Port


def paired(
    context: Context, outside: tuple[Port, ...], inside: tuple[Port, ...]
) -> Iterator[tuple[tuple[Port, ...], Port | None]]:
    """(ports outside, port inside or None: unchanged), for each rdr rule. Raises RenderError at `port` for what does not pair."""
    if not outside:
        yield inside, None
        return
    if len(inside) == 1 and inside[0].width == 1 and len(outside) + outside[0].width > 2:
        yield outside, inside[0]
        return
    if len(outside) != len(inside):
        many = f"{len(outside)} port{'s' * (len(outside) != 1)} outside for {len(inside)} of the service"
        what = f"{many}, but they are paired in order; write {len(inside)}, or a [service.NAME] for each"
        raise context.error(what, "port")
    both = list(zip(outside, inside, strict=True))
    for number, (one, other) in enumerate(both):
        if one.width != other.width:
            raise context.error(f"{one} and {other} differ in width; write ranges of equal width", f"port.{number}")
    if same := tuple(one for one, other in both if one == other):
        yield same, None
    yield from (((one,), other) for one, other in both if one != other)

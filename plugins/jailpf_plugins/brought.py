"""What the rdr rules of a service, and the binat rules of its jail, bring to it: addresses inside, and the tag that comes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import Address, Rule, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.plugin import Context


def redirecting(context: Context) -> list[Rule]:
    """The rdr rules of this service."""
    return [one for one in context.rendered if isinstance(one, Rule) and one.action == "rdr"]


def brought(
    context: Context, own: tuple[Address, ...], direct: bool | None, chosen: bool = False
) -> Iterator[tuple[tuple[Address, ...], str]]:
    """(addresses, the tag of what may come there): what rdr or binat brings; "" for those that are asked directly.

    own: the jail's addresses that are let in to; direct: what its allow says of that, None where it says nothing; chosen: whether it names `own`, and so nobody else.
    """
    if targets := redirecting(context):
        openly = context.direct if direct is None else direct
        yield _addresses(context, own, targets, openly, chosen), "" if openly else context.tag_in
        return
    binat = [one for rule in context.translating if rule.action == "binat" for one in rule.source]
    closed = () if direct else tuple(one for one in own if any(peer.holds(one) for peer in binat))
    if closed:
        yield closed, context.tag_out
    rest = tuple(one for one in own if one not in closed)
    hidden = tuple(one for one in rest if one.private and closed and not (context.direct if direct is None else direct))
    if hidden:  # what a binat publishes is asked by that, and not by an address that outside never sees
        rest = tuple(one for one in rest if one not in hidden)
        shown = " ".join(map(str, hidden))
        context.note(
            f"nobody gets in to {shown}, which no binat covers; add its external address to [binat.NAME] if you want that"
        )
    if rest:
        yield rest, ""


def _addresses(
    context: Context, own: tuple[Address, ...], targets: list[Rule], direct: bool, chosen: bool
) -> tuple[Address, ...]:
    """The jail's, or those that the rdr sends to when they are another's; of the rdr's families unless direct. A choice of
    the jail's own leaves all others out.
    """
    sent = [one for rule in targets for one in (rule.target, *rule.more_targets)]
    for table in context.rendered:
        if isinstance(table, Table) and any(str(one) == f"<{table.name}>" for one in sent):
            sent += [member.network for member in table.addresses or ()]
    single = tuple(dict.fromkeys(Address.parse(str(one)) for one in sent if not str(one).startswith("<")))
    if chosen:
        _lost(context, own, single)
    elif any(one not in context.jail.addresses for one in single):
        return single
    families = {rule.family for rule in targets}
    return tuple(one for one in own if direct or one.family in families)


def _lost(context: Context, own: tuple[Address, ...], targets: tuple[Address, ...]) -> None:
    """Tell of what is redirected to where nobody is let in: allow.to names other addresses of that family."""
    families = {one.family for one in own}
    lost = [str(one) for one in targets if one.family in families and one not in own]
    if lost:
        context.note(
            f"nobody reaches {' '.join(lost)}: `to` of allow does not list it; write the same addresses in rdr.target and allow.to"
        )

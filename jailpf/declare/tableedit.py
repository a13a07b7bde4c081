"""Editing the members of a table where they are written, keeping comments and order."""

from __future__ import annotations

from typing import Any

from jailpf.declare.tablefile import Members, parse_table, split_comment

__all__ = ["edit_file", "edit_toml", "parse_table"]


def edit_file(before: bytes, members: Members) -> bytes:
    """A table file with just these members: lines of others go, new ones come last, comments stay."""
    wanted = {str(member) for member in members}
    lines = []
    for line in before.decode().splitlines():
        content, comment = split_comment(line)
        words = content.split()
        kept = [one for one in words if _normal(one) in wanted]
        if len(kept) == len(words):
            lines.append(line)
        elif kept:
            lines.append(" ".join(kept) + (f" {comment}" if comment else ""))
        wanted -= {_normal(one) for one in kept}
    lines += [str(member) for member in members if str(member) in wanted]
    return "".join(f"{line}\n" for line in lines).encode()


def edit_toml(before: bytes, table: str, members: Members) -> bytes:
    """A jail's file with just these members in `[table.NAME] addresses`. tomlkit keeps the rest as it is."""
    import tomlkit
    from tomlkit.items import Array

    document: Any = tomlkit.parse(before.decode())
    declared = document["table"][table]
    addresses = declared.get("addresses")
    if not isinstance(addresses, Array):
        addresses = tomlkit.array()
        declared["addresses"] = addresses
    wanted = [str(member) for member in members]
    for index in reversed(range(len(addresses))):
        if _normal(str(addresses[index])) not in wanted:
            del addresses[index]
    present = {_normal(str(one)) for one in addresses}
    for one in wanted:
        if one not in present:
            addresses.append(one)
    return tomlkit.dumps(document).encode()


def _normal(text: str) -> str:
    members, _ = parse_table(text, "")
    return str(members[0]) if members else text

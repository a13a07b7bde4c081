"""Editing the members of a table where they are written, keeping comments and order."""

from __future__ import annotations

from typing import Any

from jailpf.declare.tablefile import Members, spelled, split_comment, text_of


def edit_file(before: bytes, members: Members) -> bytes:
    """A table file with just these members: lines of others go, new ones come last, comments stay as they are."""
    wanted = set(members)
    there: set[str] = set()
    lines = []
    text = text_of(before)
    for line in text.removesuffix("\n").split("\n") if text else ():
        if line in wanted:
            kept = words = [line]
        else:
            content, comment = split_comment(line)
            words = [spelled(word) for word in content.split()]
            kept = [word for word in words if word in wanted]
        there.update(kept)
        if kept == words:
            lines.append(line)
        elif kept:
            lines.append(" ".join(kept) + (f" {comment}" if comment else ""))
    end = "\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n"
    new = [member for member in dict.fromkeys(members) if member not in there]
    return "".join([*(f"{line}\n" for line in lines), *(f"{member}{end}" for member in new)]).encode(
        "utf-8", "surrogateescape"
    )


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
    wanted = dict.fromkeys(members)
    for index in reversed(range(len(addresses))):
        if spelled(str(addresses[index])) not in wanted:
            del addresses[index]
    present = {spelled(str(one)) for one in addresses}
    for one in wanted:
        if one not in present:
            addresses.append(one)
    return tomlkit.dumps(document).encode()

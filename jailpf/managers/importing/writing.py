"""Drafts as TOML: one table each, with the comments of the rules it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.managers.importing.language.words import all_of_a_family, toml_port
from jailpf.managers.importing.naming import service_name, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jailpf.errors import Problem
    from jailpf.managers.importing.drafts import OtherDraft, ServiceDraft
    from jailpf.values import Port

Lost = "tuple[Problem, str]"
DEFAULTS = {"inet": "ext_ip4", "inet6": "ext_ip6"}


def declaration(
    heading: Iterable[str],
    services: Sequence[ServiceDraft],
    others: Iterable[OtherDraft],
    own: Mapping[str, Sequence[str]],
    write_own: bool,
    lost: Iterable[tuple[Problem, str]],
) -> str:
    """The text. own: the jail's addresses by family; write_own: whether [jail] has to say them; lost: with their text."""
    parts = [_comments(heading)]
    taken: set[tuple[str, str]] = set()
    for service in services:
        name = service_name(service, {name for keyword, name in taken if keyword == "service"})
        taken.add(("service", name))
        parts.append(_comments(service.comments) + _table("service", name, _service_keys(service, own)))
    for other in others:
        name = unique(other.name, {name for keyword, name in taken if keyword == other.keyword})
        taken.add((other.keyword, name))
        parts.append(_comments(other.comments) + _table(other.keyword, name, other.keys))
    if write_own:
        keys = {key: one_or_all(own[family]) for key, family in (("ip4", "inet"), ("ip6", "inet6")) if own.get(family)}
        parts.append(_table("jail", "", keys))
    for problem, text in lost:
        parts.append(_comments([f"not imported: {problem}", *([text] if text else [])]))
    return "\n".join(part for part in parts if part)


def one_or_all(values: Iterable[Any]) -> Any:
    """A single value without brackets."""
    found = list(values)
    return found[0] if len(found) == 1 else found


def _service_keys(service: ServiceDraft, own: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if service.proto != ("tcp",):
        keys["proto"] = "+".join(service.proto)
    if any(proto.startswith("icmp") for proto in service.proto):
        keys["icmp_type"] = [
            int(one) if one.isdigit() else one for one in service.messages
        ]  # a rule without types lets in all of them; a service without, echo requests
    if service.pairs:
        keys["port"] = one_or_all(map(toml_port, service.inside))
    if family := _family(service, own):
        keys["family"] = family
    if service.source:
        keys["from"] = one_or_all(service.source)
    if not service.redirected:
        keys["rdr"] = False
    elif rdr := _rdr(service):
        keys["rdr"] = rdr
    elif not service.pairs:
        keys["rdr"] = True
    if service.allow is None:
        keys["allow"] = False
    elif service.allow:
        keys["allow"] = {key: _value(value) for key, value in service.allow.items()}
    return keys


def _family(service: ServiceDraft, own: Mapping[str, Sequence[str]]) -> str:
    """The one that was meant, where the jail has both and no sender says it: rdr.to says nothing of who asks the jail directly."""
    senders = (service.allow or {}).get("from", ())
    if service.source and all_of_a_family((*service.source, *senders)):
        return ""
    if not service.redirected:
        return service.family
    reach = set(service.target) or {family for family, addresses in own.items() if addresses}
    return next(iter(service.to), "") if reach - set(service.to) else ""


def _rdr(service: ServiceDraft) -> dict[str, Any]:
    rdr: dict[str, Any] = {}
    outside = [out for out, _ in service.pairs if out is not None]
    if outside != service.inside:
        rdr["port"] = one_or_all(map(toml_port, outside))
    if any(service.to.values()):
        peers = [peer for family, words in service.to.items() for peer in words or (DEFAULTS[family],)]
        rdr["to"] = one_or_all(dict.fromkeys(peers))
    if service.on:
        rdr["on"] = one_or_all(service.on)
    if service.target:
        rdr["target"] = one_or_all(dict.fromkeys(one for addresses in service.target.values() for one in addresses))
    rdr |= dict.fromkeys(service.deal, True)
    return rdr


def _value(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return one_or_all(toml_port(one) if hasattr(one, "first") else one for one in value)
    return value


def _table(keyword: str, name: str, keys: Mapping[str, Any]) -> str:
    import tomlkit

    table = tomlkit.table()
    for key, value in keys.items():
        if isinstance(value, dict):
            inline = tomlkit.inline_table()
            inline.update(value)
            table.add(key, inline)
        else:
            table.add(key, value)
    document = tomlkit.document()
    if name:
        above = tomlkit.table(is_super_table=True)
        above.add(name, table)
        document.add(keyword, above)
    else:
        document.add(keyword, table)
    return tomlkit.dumps(document)


def _comments(words: Iterable[str]) -> str:
    import tomlkit

    clean = ("".join(char if char.isprintable() else " " for char in word) for word in words)
    return "".join(tomlkit.comment(word).as_string().rstrip() + "\n" for word in clean)


def port_list(ports: Iterable[Port]) -> Any:
    """Ports as a key's value."""
    return one_or_all(map(toml_port, ports))

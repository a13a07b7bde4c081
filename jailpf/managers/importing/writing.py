"""Drafts as TOML: one table each, with the comments of the rules it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.managers.importing.drafts import EVERYBODY
from jailpf.managers.importing.naming import service_name, unique
from jailpf.managers.importing.words import family_of, toml_port

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
        keys["icmp_type"] = []  # a rule without types lets in all of them; a service without, echo requests
    if service.pairs:
        keys["port"] = one_or_all(map(toml_port, service.inside))
    if service.source:
        keys["from"] = one_or_all(service.source)
    if not service.redirected:
        keys["rdr"] = False
    elif rdr := _rdr(service, own):
        keys["rdr"] = rdr
    elif not service.pairs:
        keys["rdr"] = True
    if service.allow is None:
        keys["allow"] = False
    elif service.allow:
        keys["allow"] = {key: _value(value) for key, value in service.allow.items()}
    return keys


def _rdr(service: ServiceDraft, own: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    rdr: dict[str, Any] = {}
    outside = [out for out, _ in service.pairs if out is not None]
    if outside != service.inside:
        rdr["port"] = one_or_all(map(toml_port, outside))
    # Without `to` the rule exists in each family that the jail has: name the one that was meant where it has both.
    reach = set(service.target) or {family for family, addresses in own.items() if addresses}
    one_family = bool(reach - set(service.to))
    if any(service.to.values()) or one_family:
        peers = [peer for family, words in service.to.items() for peer in words or (DEFAULTS[family],)]
        peers = list(dict.fromkeys(_limited(peers, service.to) if one_family else peers))
        rdr["to"] = one_or_all(peers)
        if one_family and not service.source and not all(map(_has_family, peers)):
            rdr["from"] = EVERYBODY[next(iter(service.to))]
    if service.on:
        rdr["on"] = one_or_all(service.on)
    if service.target:
        rdr["target"] = one_or_all(service.target.values())
    return rdr


def _limited(peers: Iterable[str], families: Iterable[str]) -> list[str]:
    """`any` of one family."""
    return [EVERYBODY[next(iter(families))] if peer == "any" else peer for peer in peers]


def _has_family(peer: str) -> bool:
    return peer in DEFAULTS.values() or family_of(peer) is not None


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


def single_family(source: tuple[str, ...], families: set[str], own: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
    """`from` for a service that is not redirected and meant for one family of a jail that has both."""
    both = {family for family, addresses in own.items() if addresses}
    if len(families) != 1 or both <= families or any(map(family_of, source)):
        return source
    return source or (EVERYBODY[next(iter(families))],)


def port_list(ports: Iterable[Port]) -> Any:
    """Ports as a key's value."""
    return one_or_all(map(toml_port, ports))

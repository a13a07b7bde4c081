"""A hand for what stands in the wrong table, or comes from another tool: what must be written here, and where.

Docker, jail.conf, iocage, pf.conf and haste have other words for the same things. No remedy lets in more than was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jailpf.values.near import host_name
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jailpf.values.peer import BareWordError

OUTSIDE = ("host_port", "hostport", "external_port", "ext_port", "outside_port", "public_port", "outside", "listen")
INSIDE = ("container_port", "jail_port", "internal_port", "inside_port", "target_port", "dport", "inside")
SOURCE = ("source", "src", "allow_from", "sources", "whitelist", "allowed", "clients", "remote")
MEMBERS = ("members", "hosts", "entries", "ips", "addrs", "address", "list", "networks")
EXT_IF = (
    "external_interface",
    "ext_iface",
    "external_if",
    "interface",
    "iface",
    "wan",
    "uplink",
    "if",
    "ext",
    "ext-if",
)


@dataclass
class Known:
    """What there is on this host to be meant by a bare word; each is asked for when a word is refused, never before."""

    tables: Callable[[], Iterable[str]] = tuple
    jails: Callable[[], Iterable[str]] = tuple
    interfaces: Callable[[], Iterable[str]] = tuple
    homes: Mapping[str, list[str]] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()


def bare_word(wrong: BareWordError, known: Known, *, first: bool, party: bool = False) -> tuple[str, str]:
    """What a word without signs may be. first: only the first address of an interface will do; party: jails can be named."""
    word, name = wrong.word, wrong.word.split(":")[0]
    interfaces = set(known.interfaces())
    if word in set(known.tables()):
        return f"{word!r} is a table here", f'write "<{word}>"'
    if name in interfaces:
        remedy = f'write "({name}:0)"' if first or word == f"{name}:0" else f'write "({word})"'
        if not first and name == word:
            remedy += f', or "({name}:0)" for the first of them'
        return f"{word!r} is an interface; its addresses are written in parentheses", remedy
    if word in set(known.jails()):
        return f"{word!r} is a jail, not an address", f'write "jail:{word}"' if party else "write the jail's address"
    called = {name: f'"<{name}>"' for name in known.tables()} | {name: f'"({name}:0)"' for name in interfaces}
    if near := did_you_mean(word, called, only_near=True):
        return f"{word!r} is not an address", f"did you mean {called[near]}?"
    if named := host_name(word):
        message, _, remedy = named.partition("; ")
        return message, remedy
    return (
        f"{word!r} is not an address, and there is no table, jail or interface of that name",
        f'write an address such as "192.0.2.7"; a table is written "<{name}>", and declared as [table.{name}]',
    )


def stranger(table: str, name: str, value: object) -> str:
    """What a key of another tool is here, "" for one that nobody knows. table: "service", "jail", "rdr", "table", "host" ..."""
    if (
        table == "file"
        and isinstance(value, dict)
        and name in ("service", "jail", "table", "nat", "out", "binat", "deny")
    ):
        return "it is declared in jails/NAME.toml, one file for each jail"
    if table == "file" and name in ("ext_if", "ext_ip4", "ext_ip6", "nat", "tables"):
        return f"`{name}` is a key of [host]: write [host] above it"
    if table == "service":
        return _of_service(name, value)
    if table == "jail":
        return _of_jail(name, value)
    if table == "rdr" and name in ("interface", "iface", "if"):
        return f"it is `on`: on = {shown(value)}"
    if table == "table" and name in MEMBERS:
        return f"it is `addresses`: addresses = {shown(value)}"
    if table == "table" and name in ("path", "filename"):
        return f"it is `file`: file = {shown(value)}"
    if table == "host" and name in ("ext_ip", "external_ip", "ip", "address", "ext_addr"):
        families = {
            "ext_ip6" if str(one).count(":") > 1 else "ext_ip4"
            for one in (value if isinstance(value, list) else [value])
        }
        if len(families) > 1:
            return "it is `ext_ip4` and `ext_ip6`, by family"
        right = families.pop()
        return f"it is `{right}`: {right} = {shown(value)}"
    if table == "host" and name in EXT_IF:
        return f"it is `ext_if`: ext_if = {shown(value)}"
    return ""


def _of_service(name: str, value: object) -> str:
    mapped = re.fullmatch(r"(?:[^:]*:)?(\d{1,5}):(\d{1,5})(?:/\w+)?", str(value))
    if name in ("publish", "map", "forward", "port_forward") and mapped:
        return f"write port = {mapped[2]}, and for the port outside rdr = {{ port = {mapped[1]} }}"
    if name in ("publish", *OUTSIDE):
        return f"`port` is the jail's; the port outside is rdr = {{ port = {shown(value)} }}"
    if name in INSIDE:
        return f"it is `port`: port = {shown(value)}"
    if name in SOURCE:
        return f"it is `from`: from = {shown(value)}"
    if name in ("dest", "dst", "destination", "to"):
        return f"the address outside is rdr = {{ to = {shown(value)} }}"
    if name in ("interface", "iface", "if", "on"):
        return f"the interface that connections come in by is rdr = {{ on = {shown(value)} }}"
    if name in ("address", "addr", "ip", "ip4", "ip6", "host"):
        return "the jail's address comes from its manager, or is ip4 or ip6 in [jail]; the one outside is rdr = { to = ... }"
    if name == "expose":
        return "every service is published unless it says rdr = false; `expose` is a key of jailpf.toml, above [host]"
    if name in ("name", "enabled", "description", "comment"):
        return "leave it out: the name is in the header; comments begin with `#`"
    return ""


def _of_jail(name: str, value: object) -> str:
    if isinstance(value, dict) and name in ("ip4", "ip6"):
        addresses = value.get("addr", "...")
        return f"jail.conf's {name}.addr is {name} here: {name} = {shown(_alone(addresses))}"
    if name in ("ip", "addr", "address", "ip4_addr", "ip6_addr", "ip_addr", "ipv4", "ipv6"):
        right = "ip6" if str(value).count(":") > 1 else "ip4"
        return f"it is `{right}`: {right} = {shown(_alone(value))}"
    if name in ("iface", "if", "nic", "netif"):
        return "leave it out: only a vnet jail needs one, `interface`, its bridge or epair on the host"
    if name in ("hostname", "path", "name", "host.hostname", "root"):
        return "leave it out: the jail's manager knows it"
    return ""


def _alone(value: object) -> object:
    """An address without jail.conf's interface and prefix."""
    if isinstance(value, list):
        return [_alone(each) for each in value]
    return str(value).rpartition("|")[2].partition("/")[0] if isinstance(value, str) else value


def shown(value: Any) -> str:
    """A value as TOML writes it, short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and len(value) < 60:
        return f'"{value}"'
    if isinstance(value, list) and len(value) < 8 and all(isinstance(one, str | int) for one in value):
        return f"[{', '.join(map(shown, value))}]"
    return "..."

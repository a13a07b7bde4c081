"""From the parameters that jail(8) prints, or a manager keeps, to a Jail."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place
from jailpf.managers.rcconf import configured_in
from jailpf.model import Jail
from jailpf.system import running
from jailpf.values import Address, Interface

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jailpf.declare.settings import Settings
    from jailpf.managers.parameters import Parameters

ADDRESSES = ("ip4.addr", "ip6.addr")
HOOKS = ("exec.prepare", "exec.prestart", "exec.created")
INSIDE = ("exec.start", "command")  # what a jail runs in itself; of the host's hooks, lines with `-j` or jexec(8)
_CONFIGURES = re.compile(
    r"\bifconfig\s+(?:-j\s+\S+\s+)?(?!lo\d|-)[\w.]+\s+(?:inet6?\s+)?(?:alias\s+)?([0-9a-fA-F.:]+)(?:/\d+)?(?=[\s;&|]|$)"
)
_BRIDGE = re.compile(r"\bifconfig\s+([\w.]+)\s+addm\s")  # as bridged jails and jail.conf examples do
_JIB = re.compile(r"\bjib\s+addm\s+(?:-b\s+(\S+)\s+)?\S+\s+!?([\w.]+)")  # examples/jails/jib makes IFbridge


def jail_of(
    name: str, running_name: str, parameters: Parameters, file: str, known_by: str, inside: bool = False
) -> Jail:
    """The jail that the parameters describe. Raises ConfigError for an address that is none.

    Not settled: a vnet jail whose addresses neither it nor its commands nor, with `inside`, its rc.conf name (DHCP), or
    ip_hostname (a resolver knows them). inside: whether the adapter watches that file (rcconf.rc_conf).
    `ip4 = inherit` or `ip6 = inherit` shares the host's addresses.
    """
    vnet = wanted(parameters, "vnet")
    found = [one for key in ADDRESSES for one in addresses(parameters.get(key, ()), file)]
    if vnet and not found:
        found = list(configured(parameters))
        if not found and inside and any("/etc/rc" in value for key in INSIDE for value in parameters.get(key, ())):
            found = list(configured_in("".join(parameters.get("path", ()))))
    sides = bridges("\n".join(value for key in HOOKS for value in parameters.get(key, ()))) if vnet else ()
    return Jail(
        name=name,
        addresses=tuple(dict.fromkeys(found)),
        vnet=vnet,
        interface=next(iter(sides), None) if vnet else holder(parameters),
        sides=sides if len(sides) > 1 else (),
        shared=not vnet and "inherit" in (*parameters.get("ip4", ()), *parameters.get("ip6", ())),
        path="".join(parameters.get("path", ())),
        running_name=running_name,
        known_by=known_by,
        settled=not (vnet and not found) and not wanted(parameters, "ip_hostname"),
    )


def wanted(parameters: Mapping[str, tuple[str, ...]], name: str) -> bool:
    """Whether a boolean parameter is set: `vnet;`, `vnet = new`, `vnet = 1`; not `novnet`, `vnet = inherit`."""
    value = parameters.get(name)
    return value is not None and "".join(value).lower() not in ("0", "false", "inherit", "disable")


def addresses(values: Iterable[str], file: str) -> Iterable[Address]:
    """The addresses in values such as "em0|10.0.0.2/24 vhid 1" or "10.0.0.2,10.0.0.3". Raises ConfigError."""
    words = [word.strip() for value in values for word in value.split(",")]
    for word in words:
        bare = re.split(r"[/\s]", word.rpartition("|")[2].strip(), maxsplit=1)[0]
        # Link-local addresses lose their scope in pf, and the host's own loopback is not the jail's.
        if not bare or bare in ("127.0.0.1", "::1", "none", "-") or bare.lower().startswith("fe80:"):
            continue
        try:
            yield Address.parse(bare)
        except ValueError as wrong:
            raise ConfigError(f"{word!r} is not a jail's address: {wrong}", Place(file)) from None


def configured(parameters: Parameters) -> Iterable[Address]:
    """The addresses that a vnet jail's own commands set, `ifconfig IF [inet|inet6] ADDRESS`: written once is enough."""
    lines = [value for key in INSIDE for value in parameters.get(key, ())]
    lines += [
        value
        for key in (*HOOKS, "exec.poststart")
        for value in parameters.get(key, ())
        if re.search(r"\bjexec\s|\bifconfig\s+-j\s", value)
    ]
    found: dict[Address, None] = {}
    for word in (word for line in lines for word in _CONFIGURES.findall(line)):
        try:
            found[Address.parse(word)] = None
        except ValueError:
            continue  # link-local, or no address: nothing that pf could be told
    return found


def bridges(hooks: str) -> tuple[Interface, ...]:
    """The bridges that hook commands put a vnet jail's epairs into, in their order; () when they do not say."""
    found = [(one.start(), one[1]) for one in _BRIDGE.finditer(hooks)]
    found += [(one.start(), one[1] or f"{one[2]}bridge") for one in _JIB.finditer(hooks)]
    named = (interface(name) for _, name in sorted(found))
    return tuple(dict.fromkeys(one for one in named if one is not None))


def holder(parameters: Parameters) -> Interface | None:
    """The interface that holds all of a local jail's addresses, None when nobody says, or there are several."""
    words = [word for key in ADDRESSES for value in parameters.get(key, ()) for word in value.split(",")]
    named = {
        word.partition("|")[0].strip() if "|" in word else "".join(parameters.get("interface", ())) for word in words
    }
    return interface(named.pop()) if len(named) == 1 else None


def interface(name: str) -> Interface | None:
    """The interface of that name, None when it cannot be one."""
    try:
        return Interface.parse(name)
    except ValueError:
        return None


def with_running(settings: Settings, jail: Jail) -> Jail:
    """A jail that is not settled with the addresses that it has now, if it runs."""
    if jail.settled:
        return jail
    now = running.find(settings, jail.running_name)
    if now is None or not now.addresses:
        return jail
    return replace(jail, addresses=now.addresses)


def known_addresses(parameters: Parameters) -> set[Address]:
    """The addresses of a jail that is not the one asked for: what is wrong with them is not this jail's trouble."""
    found: set[Address] = set()
    for key in ADDRESSES:
        for value in parameters.get(key, ()):
            try:
                found.update(addresses((value,), ""))
            except ConfigError:
                continue
    return found

"""What `ifconfig -a` prints, as interfaces; with or without `-f inet:cidr,inet6:cidr`."""

from __future__ import annotations

import re

from jailpf.pf.simulated.host.interface import Interface

_HEAD = re.compile(r"^(\S+): flags=[0-9a-fx]+(?:<([^>]*)>)? metric \d.*$", re.MULTILINE)  # Linux's has no metric there
_ADDRESS = re.compile(
    r"^\s+inet6? (?P<own>[0-9a-f.:]+)(?:%\S+?)?(?:/(?P<bits>\d+))?"
    r"(?: --> (?P<peer>[0-9a-f.:]+)(?:%\S+?)?(?:/(?P<after>\d+))?)?"
    r"(?: netmask (?P<mask>0x[0-9a-f]{8}|[0-9.]+)| prefixlen (?P<length>\d+))?(?= |$)(?P<rest>.*)$",
    re.MULTILINE,
)
_GROUPS = re.compile(r"^\s+groups: (.*)$", re.MULTILINE)
_MEMBER = re.compile(r"^\s+member: (\S+)", re.MULTILINE)
_CARP = re.compile(r"^\s+carp: (\S+) vhid (\d+)", re.MULTILINE)
_VHID = re.compile(r" vhid (\d+)")


def read_ifconfig(text: str) -> dict[str, Interface]:
    """Interface by name, in ifconfig's order. Lines that say nothing of the network are left out."""
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {head[1]: _interface(head, text[head.end() : end]) for head, end in zip(heads, ends, strict=False)}


def _interface(head: re.Match[str], body: str) -> Interface:
    addresses = list(_ADDRESS.finditer(body))
    answering = {vhid for state, vhid in _CARP.findall(body) if state == "MASTER"}
    shared = {found["own"]: vhid[1] for found in addresses if (vhid := _VHID.search(found["rest"]))}
    groups = _GROUPS.search(body)
    return Interface(
        head[1],
        tuple(map(_address, addresses)),
        tuple(filter(None, (head[2] or "").split(","))),
        tuple(groups[1].split()) if groups else (),
        tuple(_MEMBER.findall(body)),
        tuple(own for own, vhid in shared.items() if vhid not in answering),
    )


def _address(found: re.Match[str]) -> str:
    own, peer = found["own"], found["peer"]
    bits = found["bits"] or found["after"] or found["length"] or _bits(found["mask"], own)
    return f"{own}/{bits}" + (f" --> {peer}" if peer else "")


def _bits(mask: str | None, own: str) -> int:
    if not mask:
        return 128 if ":" in own else 32
    if mask.startswith("0x"):
        return int(mask, 16).bit_count()
    return sum(int(part).bit_count() for part in mask.split("."))

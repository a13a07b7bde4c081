"""Addresses and ports of pf.conf(5) as declarations write them."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from jailpf.managers.importing.language.lexer import LostError
from jailpf.values import Network, Peer, Port

NUMBER = re.compile(r"[0-9]{1,18}")  # isdigit() takes the digits of other scripts too, and int() not all of them

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jailpf.values import Family

Warn = "Callable[[str], None]"


def peer(word: str, warn: Callable[[str], None]) -> str:
    """An address, network, <table> or (interface) in the form that declarations take. Raises LostError."""
    negated, bare = word.startswith("!"), word.lstrip("! ")
    try:
        bare = Peer.parse(bare).word
    except ValueError as wrong:
        bare = network(bare, warn) or _interface(bare, warn)
        if not bare:
            raise LostError(str(wrong).partition(";")[0]) from None
    return ("!" if negated else "") + bare


def network(word: str, warn: Callable[[str], None]) -> str:
    """A network without host bits, as pf reads "10/8" or "172.16.15.0/12"; "" for what is no network."""
    host, slash, prefix = word.partition("/")
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){0,3}", host) and (slash or host.count(".") == 3):
        host += ".0" * (3 - host.count("."))
    try:
        whole = str(Network(ipaddress.ip_network(f"{host}/{prefix}" if slash else host, strict=False)))
    except ValueError:
        return ""
    if whole != word and ipaddress.ip_network(whole).version == 4:
        warn(f"pf reads {word} as {whole}, so it was written that way")
    return whole


def family_of(word: str) -> Family | None:
    """The family of an address or network, None for anything else."""
    try:
        return Peer.parse(word.lstrip("! ")).family
    except ValueError:
        return None


def all_of_a_family(words: Iterable[str]) -> bool:
    """Whether every peer is an address: whom a negation lets in is of the other family as well, and a table may hold both."""
    return all(family_of(word) and not word.startswith("!") for word in words)


def port(word: str) -> Port:
    """A port or range; a service's name by the host's services(5). Raises LostError."""
    import socket

    try:
        return Port.parse(int(word) if NUMBER.fullmatch(word) else word)
    except ValueError as wrong:
        try:
            return Port.parse(socket.getservbyname(word))
        except (OSError, ValueError):
            raise LostError(str(wrong).partition(";")[0]) from None


def toml_port(one: Port) -> int | str:
    """As a declaration writes it."""
    if (one.first, one.last) == (1, 65535):
        return "any"
    return one.first if one.first == one.last else str(one)


def _interface(word: str, warn: Callable[[str], None]) -> str:
    """ "em0" freezes its addresses at load time; "(em0)" follows them."""
    try:
        Peer.parse(f"({word})")
    except ValueError:
        return ""
    if word in ("self", "egress") or "." in word:
        return ""
    warn(f"{word} was written as ({word}), which follows the interface's addresses")
    return f"({word})"

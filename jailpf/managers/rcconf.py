"""What a vnet jail's own rc.conf(5) gives to its interfaces: `ifconfig_IF="inet ADDRESS"` and its kin.

Its root says it, as it says what `ifconfig -j` shows of the jail; so it is read where root of the host owns the whole way
to it, and never through a link.
"""

from __future__ import annotations

import os
import re

from jailpf.errors import JailpfError
from jailpf.managers.assignments import read_assignments
from jailpf.values import Address

_KEY = re.compile(r"ifconfig_(?!lo\d)\w+?(?:_ipv6|_alias\d+|_aliases)?")
_ADDRESS = re.compile(r"(?:^|\binet6?\s+)([0-9a-fA-F]*[.:][0-9a-fA-F.:]+)(?:/\d+)?(?=\s|$)")


def rc_conf(path: str) -> str:
    """The rc.conf of the jail with that root, there or not; "" for a jail without a root of its own."""
    return os.path.join(path, "etc/rc.conf") if path.rstrip("/") else ""


def configured_in(path: str) -> tuple[Address, ...]:
    """The addresses that it sets, in its order; () where something else may set some (DHCP, a range), or it cannot be
    trusted: then only the running jail can tell.
    """
    file = rc_conf(path)
    if not file or os.path.realpath(file) != os.path.join(os.path.realpath(path), "etc/rc.conf"):
        return ()
    try:
        values = [value for key, value in read_assignments(file, {}).items() if _KEY.fullmatch(key)]
    except JailpfError:
        return ()
    if any(re.search(r"DHCP|accept_rtadv|\d-\d", value) for value in values):
        return ()
    found: dict[Address, None] = {}
    for word in (word for value in values for word in _ADDRESS.findall(value)):
        try:
            found[Address.parse(word)] = None
        except ValueError:
            continue  # link-local: nothing that pf could be told
    return tuple(found)

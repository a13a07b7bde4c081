"""How the names of jails and services become anchor paths, labels and tags that pf takes."""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

LIMIT = 63  # bytes of an anchor path, a label and a tag (facts.md section 1)


@lru_cache(4096)
def component(name: str, limit: int) -> str:
    """`name` as the last part of an anchor path of at most `limit` bytes: itself, or a stable short form with a hash."""
    if len(name) <= limit and _PLAIN.fullmatch(name) and not _SHORT.search(name):
        return name
    from hashlib import sha256

    clean = re.sub(r"[^A-Za-z0-9_.-]", "-", name).lstrip("_.-")
    return f"{clean[: limit - 10] or 'x'}-h{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SHORT = re.compile(r"-h[0-9a-f]{8}$")


def jail_label(jail: str) -> str:
    """The label of all pass rules of a jail."""
    return "jailpf/" + component(jail, LIMIT - 7)


def identifier(jail: str, service: str) -> int:
    """The `ridentifier` of a service's rules that log, 1..4294967295: the same after every load, on every host."""
    return crc32(f"{jail}/{service}".encode()) or 1


def service_label(jail: str, service: str) -> str:
    """The label of a service's pass rules."""
    whole = component(jail, LIMIT - 7) + "/" + service
    if len(whole) > LIMIT - 7:
        whole = component(jail, 27) + "/" + component(service, 28)
    return "jailpf/" + whole


def tag(direction: str, jail: str) -> str:
    """ "jailpf.in/JAIL" or "jailpf.out/JAIL"."""
    start = f"jailpf.{direction}/"
    return start + component(jail, LIMIT - len(start))


def service_tag(direction: str, jail: str, service: str) -> str:
    """ "jailpf.in/JAIL/SERVICE": what one service alone lets in."""
    whole = f"{tag(direction, jail)}/{component(service, LIMIT)}"
    return whole if len(whole) <= LIMIT else f"jailpf.{direction}/{component(jail, 25)}/{component(service, 25)}"

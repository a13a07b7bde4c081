"""Anchor paths: what `pfctl -a` takes with -f, and whom an anchor rule calls.

Source: facts.md sections 0 (5, 6), 1 and 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

PATH_MAX = 63


def check_path(path: str) -> None:
    """Raises PfRefusedError for a path that pfctl refuses, or that facts.md calls illegal."""
    if not path:
        raise PfRefusedError("anchor name must not be empty")
    parts = path.split("/")
    if any(part.startswith("_") for part in parts):
        raise PfRefusedError("anchor names beginning with '_' cannot be modified from the command line")
    if len(path.encode()) > PATH_MAX:
        raise PfRefusedError("pfctl_rules: strlcpy", remedy=f"an anchor path has at most {PATH_MAX} bytes")
    if "" in parts or "*" in parts or "\0" in path:
        raise PfRefusedError(f"{path!r} is not the path of one anchor")


def called(caller: str, name: str, paths: Iterable[str]) -> list[str]:
    """The anchors that `anchor "name"` in the ruleset `caller` evaluates: one, or the direct children in
    order.
    """
    full = name.lstrip("/") if name.startswith("/") or not caller else f"{caller}/{name}"
    if not full.endswith("/*") and full != "*":
        return [full]
    parent = full.removesuffix("*")
    children = {p for p in paths if p and p.startswith(parent) and "/" not in p[len(parent) :]}
    return sorted(children, key=str.encode)


def with_parents(paths: Iterable[str]) -> set[str]:
    """The paths and all above them, without the main ruleset."""
    found: set[str] = set()
    for path in paths:
        parts = path.split("/")
        found |= {"/".join(parts[: n + 1]) for n in range(len(parts))}
    return found - {""}

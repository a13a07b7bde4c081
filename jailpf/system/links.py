"""Whether the host has interfaces and addresses, asked of the kernel. Only `_socket`: it is on the path of a jail start."""

from __future__ import annotations

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def there(links: Iterable[str], addresses: Iterable[str]) -> bool:
    """Whether all of these interfaces and addresses are the host's now."""
    known = {name for _, name in _socket.if_nameindex()}
    return known.issuperset(links) and all(map(_is_own, addresses))


def _is_own(address: str) -> bool:
    """An address that is not the host's cannot be bound to (bind(2): EADDRNOTAVAIL). No packet is sent."""
    sock = _socket.socket(_socket.AF_INET6 if ":" in address else _socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        sock.bind((address, 0))
    except OSError:
        return False
    finally:
        sock.close()
    return True

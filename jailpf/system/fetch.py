"""Asking the world: documents and names, bounded in size and time. Never on the way of a hook."""

from __future__ import annotations

import re
import socket
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from jailpf.errors import TryAgainError

if TYPE_CHECKING:
    from typing import IO

MAX_BYTES = 8 << 20
SECONDS = 30.0
_PIECE = 1 << 16


class _Careful(urllib.request.HTTPRedirectHandler):
    """Redirects stay on http and https, and never leave https."""

    max_redirections = 5

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://" if req.full_url.startswith("https://") else ("https://", "http://")):
            fp.close()
            raise urllib.error.URLError(f"it redirects to {newurl[:80]!r}, which is less safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def document(url: str, limit: int = MAX_BYTES, seconds: float = SECONDS) -> bytes:
    """What a URL of http or https holds. Raises TryAgainError, also for more than `limit` bytes or `seconds` in all."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(), _Careful(),
        urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": "jailpf", "Accept-Encoding": "identity"})  # noqa: S310
    end = time.monotonic() + seconds
    content = b""
    try:
        with opener.open(request, timeout=seconds) as answer:
            while piece := answer.read1(_PIECE):
                content += piece
                if len(content) > limit:
                    raise _failed(url, f"it is larger than {limit} bytes")
                if time.monotonic() > end:
                    raise _failed(url, f"it took longer than {seconds:.0f} s")
    except (OSError, HTTPException, ValueError) as wrong:
        why = str(getattr(wrong, "reason", None) or wrong) or type(wrong).__name__
        if isinstance(wrong, urllib.error.HTTPError):
            why = f"{wrong.code} {why}"
            wrong.close()
        raise _failed(url, " ".join(why.split())) from None
    return content


def addresses(name: str, seconds: float = SECONDS) -> list[str]:
    """All addresses of a name, sorted. Raises TryAgainError for one that has none, or when the resolver takes too long."""
    found: list[str] = []
    failed: list[str] = []

    def ask() -> None:
        try:
            found.extend({str(one[4][0]) for one in socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)})
        except (OSError, UnicodeError) as wrong:
            failed.append(str(getattr(wrong, "strerror", None) or wrong))

    asking = threading.Thread(target=ask, daemon=True)  # the resolver knows no time limit of ours
    asking.start()
    asking.join(seconds)
    usable = [one for one in found if "%" not in one and not re.match(r"(?i)fe[89ab][0-9a-f]:", one)]
    if asking.is_alive() or not usable:
        raise _failed(
            name, failed[0] if failed else "no address" if not asking.is_alive() else f"no answer in {seconds:.0f} s"
        )
    return sorted(usable)


def _failed(what: str, why: str) -> TryAgainError:
    return TryAgainError(f"{what} cannot be fetched: {why}", None, "the old members stay; try again")

"""What AppJail publishes: conf/boot/expose/N, a file for each word, and the nat of its virtual networks."""

from __future__ import annotations

import os
import re

from jailpf.plugin import Peer, Place, Problem, Published, Unread, importing, listed, read_text

WORDS = ("enabled", "name", "protocol", "hport", "jport", "on_if", "ext_if", "ext_ip", "pf-rule")


def read(boot: str, jail: str) -> list[tuple[Published | Unread, bool]]:
    """(an exposure, whether it is enabled), in their order. boot: the jail's folder conf/boot."""
    folder = f"{boot}/expose"
    return [_one(f"{folder}/{number}", jail) for number in sorted(listed(folder), key=_rank)]


def _rank(name: str) -> tuple[int, str]:
    return (int(name) if name.isdigit() else 0, name)


def _one(folder: str, jail: str) -> tuple[Published | Unread, bool]:
    place = Place(f"{folder}/pf-rule", 1)
    words = {word: read_text(f"{folder}/{word}").strip() for word in WORDS if os.path.isfile(f"{folder}/{word}")}
    text, enabled = words.get("pf-rule", ""), words.get("enabled", "1") != "0"
    try:
        if words.get("protocol") not in ("tcp", "udp"):
            raise ValueError(f"{words.get('protocol', '')!r} is neither tcp nor udp")
        to = words.get("ext_ip") or f"({words['ext_if']}:0)"
        log = re.match(r"rdr pass (log(?: \([^)]*\))?)", text)
        return Published(
            jail=jail, by=f"`appjail expose` of {jail}", place=place, text=text, proto=(words["protocol"],),
            port=importing.port(words["hport"]), jail_port=importing.port(words["jport"]), families=("inet",),
            on=(words["on_if"],) if words.get("on_if") else (), to=(Peer.parse(to),), log=log[1] if log else "",
            passes=True,
        ), enabled  # fmt: skip
    except (ValueError, KeyError) as wrong:
        what = f"there is no {wrong}" if isinstance(wrong, KeyError) else str(wrong)
        return Unread(jail, Problem(what, place), text), enabled


def off(one: Published | Unread) -> Unread:
    """One that is not enabled, as something to be left out."""
    place = one.place if isinstance(one, Published) else one.problem.place
    return Unread(one.jail, Problem("it is not enabled", place), one.text)


def nat(boot: str) -> list[str]:
    """The lines that translate what the jail sends, one for each virtual network."""
    files = [f"{boot}/nat/{network}/pf-nat.conf" for network in listed(f"{boot}/nat")]
    return [line for file in files if os.path.isfile(file) for line in read_text(file).splitlines() if line.strip()]

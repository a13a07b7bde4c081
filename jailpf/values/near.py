"""What a refused value resembles: the spellings of other tools and of haste, each with what is written here instead.

Every function gives "SENTENCE; REMEDY". No remedy lets in more than was written.
"""

from __future__ import annotations

import ipaddress
import re

_IPV4 = r"\d{1,3}(?:\.\d{1,3}){3}"
MANY = 16


def unseen(text: str) -> str:
    """Why a text is not what it seems to be: blanks at an end, letters that nobody sees; "" when it is."""
    import unicodedata

    for letter in text:
        if letter != " " and unicodedata.category(letter) in ("Cf", "Zs", "Zl", "Zp"):
            called = unicodedata.name(letter, "a character without a name").lower()
            plain = "".join(one for one in text if one == " " or unicodedata.category(one) not in ("Cf", "Zs"))
            return f'an invisible character ({called}, U+{ord(letter):04X}) is in it; write "{plain.strip()}"'
    if text != text.strip(" \t"):
        end = "beginning" if text[:1] in (" ", "\t") else "end"
        return f'{text!r} has a space at its {end}; write "{text.strip()}"'
    return ""


def listed(words: list[str]) -> str:
    """Several words as an array of TOML."""
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def address(word: str) -> str:
    """Why this is no address or network."""
    bare = word.strip("[]\"'")
    if not word:
        return 'this is empty; write who is meant, such as "192.0.2.7", or "any" for everybody'
    if word in ("*", "all"):
        return f'{word!r} is another tool\'s word for everybody; write "any"'
    if word != bare and is_network(bare):
        return f'{word!r} has stray characters around it; write "{bare}"'
    if "|" in word and is_network(word.rpartition("|")[2]):
        inner = word.rpartition("|")[2].partition("/")[0]
        return f'{word!r} is jail.conf\'s interface|address; write the address alone, "{inner}"'
    if word.startswith("$"):
        return f'{word!r} is a macro of pf.conf, and declarations have none; write the addresses, or a [table.{word[1:]}] and "<{word[1:]}>"'
    parts = [part for part in re.split(r"[,;\s]+", word) if part]
    if len(parts) > 1 and all(map(is_network, parts)):
        return f"{word!r} is several addresses in one string; write a list: {listed(parts)}"
    return _range(word) or _mask(word) or _wild(word) or _number(word) or _with_port(word) or _name(word)


def is_network(word: str) -> bool:
    """Whether Python takes it for an address or a network."""
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def is_whole(word: str) -> bool:
    """Whether it is a network without bits of a host in it."""
    try:
        ipaddress.ip_network(word)
    except ValueError:
        return False
    return True


def covering(word: str) -> list[str]:
    """The networks that cover a range FIRST-LAST and nothing else, [] for what is no range."""
    first, _, last = word.replace("\u2013", "-").partition("-")
    try:
        ends = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        nets: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = list(ipaddress.summarize_address_range(*ends))
    except (ValueError, TypeError):
        return []
    return [str(net.network_address) if net.num_addresses == 1 else str(net) for net in nets]


def _range(word: str) -> str:
    whole = covering(word)
    if not whole:
        return ""
    if len(whole) > MANY:
        return f"{word!r} is a range, but pf takes networks; write those that cover it, in the file of a [table.NAME]"
    return f"{word!r} is a range, but pf takes networks; write those that cover it: {listed(whole)}"


def _mask(word: str) -> str:
    host, slash, mask = word.partition("/")
    if not slash or not re.fullmatch(_IPV4, mask):
        return ""
    try:
        net = ipaddress.ip_network(f"{host}/{mask}")
    except ValueError:
        return ""
    return f'{word!r}: the prefix is a number from 0 to 32; write "{net}"'


def _wild(word: str) -> str:
    parts = word.split(".")
    fixed = [part for part in parts if part != "*"]
    if len(parts) != 4 or not 0 < len(fixed) < 4 or parts != fixed + ["*"] * (4 - len(fixed)):
        return ""
    net = f"{'.'.join(fixed + ['0'] * (4 - len(fixed)))}/{8 * len(fixed)}"
    return f'{word!r} is written as a network; write "{net}"' if is_whole(net) else ""


def _number(word: str) -> str:
    if not re.fullmatch(r"(0[xX])?[0-9a-fA-F]*[0-9][0-9a-fA-F.]*", word) or ":" in word:
        return ""
    large = next((part for part in word.split(".") if re.fullmatch(r"[0-9]{1,20}", part) and int(part) > 255), "")
    if re.fullmatch(r"\d+(?:\.\d+){3}", word) and large:
        return f"{word!r} is not an address: {large} is more than 255"
    return f"{word!r} is not an address: write four decimal numbers without leading zeros"


def _with_port(word: str) -> str:
    found = re.fullmatch(rf"\[?({_IPV4}|[0-9a-fA-F:]+\](?=:))\]?:(\d+)", word)
    if not found:
        return ""
    return f'{word!r} is an address with a port; write "{found[1].strip("]")}": the port is a key of its own, `port` of a service'


def _name(word: str) -> str:
    if found := re.fullmatch(r"jail[\s/=]+([\w.-]+)", word, re.ASCII):
        return f'{word!r} is not an address; a jail is written "jail:{found[1]}"'
    return host_name(word) or f"{word!r} is not an address; host names are not looked up; write the address"


def host_name(word: str) -> str:
    """That this is the name of a host, "" where it does not look like one; a table can follow it."""
    if not re.fullmatch(r"(?:[\w-]+\.)+[A-Za-z][A-Za-z-]*\.?", word, re.ASCII):
        return ""
    table = word.partition(".")[0]
    return f'{word!r} is a host name, but rules need addresses; write its address, or use "<{table}>", with names = ["{word}"] in [table.{table}]'


def port(word: str) -> str:
    """Why this is no port."""
    plain = word.replace("\u2013", "-").replace("\u2014", "-").strip()
    parts = [part for part in re.split(r"[,;\s]+", plain) if part]
    if plain in ("any", "*", "all"):
        return f'{word!r} is not a port; all ports are "1:65535"'
    if len(parts) > 1 and all(re.fullmatch(r"\d{1,5}(:\d{1,5})?", part) for part in parts):
        several = ", ".join(part if part.isdigit() else f'"{part}"' for part in parts)
        return f"{word!r} is several ports in one string; write a list: [{several}]"
    if found := re.fullmatch(r"(\d{1,5})\s*(?:-|\.\.)\s*(\d{1,5})", plain):
        return f'{word!r} is not a range; write "{found[1]}:{found[2]}"'
    if found := re.fullmatch(r"(\d{0,5}):(\d{0,5})", plain):
        return f'{word!r} is an open range; write "{found[1] or 1}:{found[2] or 65535}"'
    if found := re.fullmatch(r"(<|>|<=|>=)\s*(\d{1,5})", plain):
        number = int(found[2]) + {"<": -1, ">": 1}.get(found[1], 0)
        return f'{word!r} is the syntax of pf.conf; a range has two ends here: write "{number if ">" in found[1] else 1}:{65535 if ">" in found[1] else number}"'
    if found := re.fullmatch(r"(\d{1,5})/(\w+)", plain):
        return f'{word!r} is a port with a protocol; write port = {found[1]}, and proto = "{found[2].lower()}" as a key of its own'
    known = _service(plain)
    return f"{word!r} is not a port; write its number{f', {known}' if known else ''}: names depend on the host's services(5)"


def reversed_range(first: int, last: int) -> str:
    """A range that goes down: most often another tool's OUTSIDE:INSIDE, never to be turned round into a wide range."""
    return (
        f"{first}:{last} is a range in descending order; if {first} is the port outside and {last} the jail's, "
        f"write port = {last} and rdr = {{ port = {first} }}"
    )


def _service(name: str) -> str:
    import socket

    try:
        return str(socket.getservbyname(name))
    except OSError:
        return ""


def protocol(raw: object, known: tuple[str, ...]) -> str:
    """Why this is no protocol."""
    if isinstance(raw, list) and raw and all(isinstance(one, str) for one in raw):
        return f'several protocols are one string, not an array; write "{"+".join(map(str, raw)).lower()}"'
    if not isinstance(raw, str):
        return 'a protocol is written as a string; write "tcp", "udp" or "tcp+udp"'
    parts = [part for part in re.split(r"[,/|&;\s]+", raw.lower()) if part]
    what = f"{raw!r} is not a protocol"
    if parts and all(part in known for part in parts):
        return f'{what}; write "{"+".join(parts)}"'
    if raw.lower().rstrip("46") in known:
        return f'{what}; write "{raw.lower().rstrip("46")}": the addresses decide between IPv4 and IPv6'
    import difflib

    near = difflib.get_close_matches(raw.lower(), known, 1, 0.6)
    one_of = f"one of {', '.join(known)}, tcp+udp, another name or number of protocols(5)"
    return f'{what}; did you mean "{near[0]}"? It is {one_of}' if near else f"{what}; {one_of}"

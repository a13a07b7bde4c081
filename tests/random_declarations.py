"""A random declaration: mostly one that could be meant, now and then with what nobody could mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jailpf.declare.jail_table import JailTable
from jailpf.declare.rules import Service
from jailpf.declare.schema import Key, keys
from jailpf.registry import build

if TYPE_CHECKING:
    import random

REGISTRY = build()
TYPES = REGISTRY.rule_types
GOOD: dict[str, list[Any]] = {
    "Address": ["10.0.0.2", "10.0.0.3", "fd00::2", "fd00::3", "203.0.113.9", "2001:db8::9"],
    "Peer": ["any", "192.0.2.0/24", "!192.0.2.7", "198.51.100.7", "2001:db8:7::/48", "<t>", "!<t>", "<u>", "<host>", "(em1:0)"],
    "Party": ["any", "192.0.2.0/24", "!192.0.2.7", "198.51.100.7", "2001:db8:7::/48", "<t>", "<u>", "<host>", "jail:other", "jail:bridged", "jail:*r*", "host", "10.0.0.9", "0.0.0.0/1", "128.0.0.0/1", "(em0:0)", "(bridge0:network)"],
    "Log": [True, False, "all", {"to": "pflog1"}, {"to": "pflog2", "all": True}],
    "IcmpType": ["echoreq", "unreach", "timex", 3],
    "Network": ["10.0.1.0/28", "10.0.0.2", "fd00:1::/64", "203.0.113.16/28", "2001:db8:0:20::/64", "203.0.113.9"],
    "Outside": ["ext_ip4", "ext_ip6", "203.0.113.9", "2001:db8::9", "<t>", "(em0)", "any"],
    "Outgoing": ["(em0:0)", "203.0.113.9", "203.0.113.10", "2001:db8::9", "203.0.113.16/28"],
    "Member": ["192.0.2.0/24", "!192.0.2.7", "2001:db8::/32", "!2001:db8::7", "192.0.2.9"],
    "Target": ["10.0.0.77", "fd00::77", "other", "bridged", "jail:other", "jail:*r*"],
    "Interface": ["em0", "em1", "lo1", "bridge0", "vtnet0.100", "lo"],
    "Protocol": ["tcp", "tcp", "udp", "tcp+udp", "sctp", "icmp", "icmp6", "esp", "gre", "ah", "ospf", 41],
    "Port": [22, 80, 443, "993", "7000:7010", "8000:8010", 65535, 1],
    "Count": [1, 20, 2**32 - 1],
    "Rate": ["15/5", "1/1"],
    "HostName": ["office.example.org", "a"],
    "Url": ["https://lists.example.org/drop.txt", "http://127.0.0.1/x"],
    "Filename": ["some.table", "empty.table"],
}  # fmt: skip
NASTY: list[Any] = [
    "", " ", "any\npass all", "80 } pass all #", "em0 inet6", "10.1", "010.0.0.1", "0x7f000001", "10.0.0.1/24", "fe80::1%em0", "fd00::1%\n",
    "!any", "!!192.0.2.1", "<a b>", "<pass>", "pass", "em0", "(em0", "{ 1 2 }", '"', "'", "\\", "$if", "#", "a;b", "90:80", "80:", 0, -1,
    65536, 1.5, True, [], [[]], {}, {"a": 1}, ["192.0.2.1", "!192.0.2.2"], "\u0660", "x" * 70, "any } from any", "\r", "bad.table", "..",
]  # fmt: skip
SERVICE_NAMES = ["web", "mail-insecure", "x" * 63, "a_1", "overload", "plugin"]
BAD_NAMES = ["a b", "$if", 'a"b', "", "a\nb", "\u00e9", "x" * 64, "a.b"]
LIMITS = ("max_src_conn", "max_src_conn_rate", "max_src_states", "max")


@dataclass
class Maker:
    """Makes one declaration. bad: how likely a value is not what its key wants."""

    dice: random.Random
    bad: float
    written: set[tuple[str, str]] = field(default_factory=set)

    def single(self, one: Key) -> Any:
        """A value for a key."""
        if self.dice.random() < self.bad:
            return self.dice.choice(NASTY)
        if one.type is bool:
            return self.dice.random() < 0.5
        if one.choices:
            return self.dice.choice(one.choices)
        return self.dice.choice(GOOD[one.type.__name__])

    def value(self, one: Key) -> Any:
        """One or several."""
        if not one.many or self.dice.random() < 0.6:
            return self.single(one)
        several = [self.single(one) for _ in range(self.dice.choice([1, 2, 2, 3]))]
        unique = [each for number, each in enumerate(several) if each not in several[:number]]
        return (
            [each for each in unique if not str(each).startswith(("!", "any"))] or unique[:1]
            if self.bad < 0.5
            else several
        )

    def table(self, where: str, cls: type, often: dict[str, float]) -> dict[str, Any]:
        """A table of declared keys, and now and then one that is not."""
        made = {}
        for name, (_, one) in keys(cls).items():
            if one.required or self.dice.random() < often.get(name, 0.2):
                made[name] = self.value(one)
        if self.dice.random() < self.bad / 2:
            made[self.dice.choice(["prt", "form", "x", "a b", "pass\nall"])] = 1
        self.written |= {(where, name) for name in made}
        return made

    def service(self) -> dict[str, Any]:
        """A service with the rule types of services; mostly such that its keys go together."""
        made = self.table("service", Service, {"port": 0.95})
        ports = made.get("port", [])
        count = len(ports) if isinstance(ports, list) else 1
        if made.get("proto") in ("icmp", "icmp6", "esp", "gre", "ah") and self.dice.random() < 0.9:
            made.pop("port", None)
            made.setdefault("rdr", False)
        for keyword, rule_type in TYPES.items():
            if rule_type.scope != "service" or self.dice.random() < 0.4:
                continue
            made[keyword] = self.dice.choice([True, True, False, None])
            if made[keyword] is None:
                made[keyword] = self.table(keyword, rule_type, {"overload": 0.1, "synproxy": 0.1})
        rdr, allow = made.get("rdr"), made.get("allow")
        if isinstance(rdr, dict) and "port" in rdr and self.dice.random() < 0.9:
            pool = (
                [8080, 8443, 2525]
                if all(":" not in str(port) for port in (ports if count > 1 else [ports]))
                else ["9000:9010"]
            )
            rdr["port"] = pool[:count] if isinstance(ports, list) else pool[0]
        if isinstance(allow, dict) and self.dice.random() < 0.9:
            if made.get("proto", "tcp") != "tcp":
                for name in ("max_src_conn", "max_src_conn_rate", "overload", "synproxy"):
                    allow.pop(name, None)
            if allow.get("proto", "tcp") != "tcp" or allow.get("synproxy") or set(allow) & set(LIMITS):
                allow.pop("state", None)
            if "to" in allow:
                allow["to"] = self.dice.choice(["10.0.0.2", "fd00::2"])
            if allow.get("overload") is True and not {"max_src_conn", "max_src_conn_rate"} & set(allow):
                allow["max_src_conn"] = 5
        if made.get("proto") not in ("icmp", "icmp6") and self.dice.random() < 0.9:
            made.pop("icmp_type", None)
        pooled = isinstance(rdr, dict) and (rdr.get("sticky_address") or rdr.get("source_hash"))
        if isinstance(rdr, dict) and pooled and self.dice.random() < 0.9:
            rdr["target"] = ["10.0.0.77", "jail:other", "fd00::77"]
            rdr[self.dice.choice(["sticky_address", "source_hash"])] = False
        return made

    def together(self, keyword: str, table: dict[str, Any]) -> None:
        """Make the keys of a table such that they mostly go together."""
        if keyword == "nat" and (table.get("sticky_address") or table.get("source_hash")):
            table["sticky_address"] = not table.get("source_hash")
            table["address"] = "203.0.113.16/28" if table.get("source_hash") else ["203.0.113.9", "203.0.113.10"]
        if keyword == "nat":
            table.setdefault("address", "203.0.113.9")
        if keyword == "deny":
            table.pop(self.dice.choice(["from", "to"]), None)
            if not {"from", "to", "port"} & set(table):
                table["from"] = "192.0.2.0/24"
        if keyword == "binat":
            networks = self.dice.choice([("10.0.1.0/28", "203.0.113.16/28"), ("fd00:1::/64", "2001:db8:0:20::/64")])
            table["address"] = networks[1] if "from" in table else self.dice.choice(["203.0.113.9", "2001:db8::9"])
            table |= {"from": networks[0]} if "from" in table else {}

    def declaration(self) -> dict[str, Any]:
        """A whole file."""
        whole: dict[str, Any] = {}
        if self.dice.random() < 0.6:
            own = self.table("jail", JailTable, {"ip4": 0.6, "ip6": 0.5, "vnet": 0.4, "interface": 0.3})
            for name, colon in (("ip4", False), ("ip6", True)):
                if name in own and self.dice.random() < 0.95:
                    own[name] = self.dice.sample(
                        [one for one in GOOD["Address"] if (":" in one) == colon], self.dice.choice([1, 2])
                    )
            if "interface" in own and self.dice.random() < 0.9:
                own["vnet"] = True
            whole["jail"] = own
        sections = ["service", *(keyword for keyword, one in TYPES.items() if one.scope == "jail")]
        self.dice.shuffle(sections)
        for keyword in sections:
            tables = {}
            for _ in range(self.dice.choice([0, 1, 1, 2] if keyword == "service" else [0, 0, 0, 1])):
                names = (
                    BAD_NAMES
                    if self.dice.random() < self.bad
                    else SERVICE_NAMES[:2]
                    if keyword == "table"
                    else SERVICE_NAMES
                )
                table = self.service() if keyword == "service" else self.table(keyword, TYPES[keyword], {})
                if self.dice.random() < 0.9:
                    self.together(keyword, table)
                if "port" in table and keyword in ("nat", "out", "deny") and self.dice.random() < 0.9:
                    table["proto"] = self.dice.choice(["tcp", "udp", "tcp+udp"])
                tables[self.dice.choice(names)] = table
            if tables:
                whole[keyword] = tables
        for name in "tu":
            if f"<{name}>" in str(whole) and self.dice.random() < 0.95:
                whole.setdefault("table", {})[name] = self.table("table", TYPES["table"], {})
        return whole


def dumped(value: Any) -> str:
    """A TOML value on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(dumped, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{dumped(key)} = {dumped(one)}" for key, one in value.items()) + " }"
    return str(value)


def text_of(whole: dict[str, Any]) -> str:
    """The file."""
    lines = []
    for keyword, tables in whole.items():
        for name, table in (("", tables),) if keyword == "jail" else tables.items():
            lines.append(f"[{keyword}.{dumped(name)}]" if keyword != "jail" else "[jail]")
            lines += [
                f"{key if re.fullmatch('[a-z0-9_]+', key) else dumped(key)} = {dumped(value)}"
                for key, value in table.items()
            ]
            lines.append("")
    return "\n".join(lines)

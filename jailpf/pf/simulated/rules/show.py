"""A rule as pfctl 15.1 prints it. Held against the recorded verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.addresses import host_text
from jailpf.pf.simulated.rules.names import service_name
from jailpf.pf.simulated.rules.names.icmp import CODES, CODES6, code_text, type_text
from jailpf.pf.simulated.rules.rule import TRANSLATIONS, UNKNOWN_ID
from jailpf.pf.simulated.rules.show_pool import pool_text
from jailpf.pf.simulated.rules.show_state import state_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.rules.rule import Family, Host, Ids, Ports, Rule, Scrub


def rule_text(rule: Rule, quoted: bool = False, numeric: bool = True) -> str:
    """A rule, on several lines when it is an anchor with rules in braces.

    With `quoted`, it is as pfctl can read it back, which it does not print: tags stand in quotes, for instance. With `numeric` False services
    have their names, as pfctl prints them without -P.
    """
    if rule.body or (quoted and rule.body is not None):
        return "\n".join(body_text(rule, set(), quoted=quoted, numeric=numeric))
    return _line(rule, quoted, numeric)


def body_text(rule: Rule, shown: set[int], depth: int = 0, quoted: bool = False, numeric: bool = True) -> Iterator[str]:
    """The lines of a rule. What an anchor has in braces is printed once, whatever its line expands to: `shown`."""
    indent = "  " * depth
    line = indent + _line(rule, quoted, numeric)
    if not (rule.body or (quoted and rule.body is not None)) or id(rule.body) in shown:
        yield line
        return
    shown.add(id(rule.body))
    yield f"{line} {{"
    for inner in rule.body:
        yield from body_text(inner, shown, depth + 1, quoted, numeric)
    yield indent + "}"


def _line(rule: Rule, quoted: bool, numeric: bool) -> str:
    if rule.text:
        return rule.text
    words = [_action(rule, quoted)]
    words += [word for word in (_block(rule) if rule.block else "", rule.direction, rule.log) if word]
    if rule.quick:
        words.append("quick")
    if rule.interface:
        words.append(f"on {'! ' if rule.not_interface else ''}{rule.interface}")
    if rule.route_pool:
        words.append(f"{rule.route} {pool_text(rule.route_pool, 'route', quoted)}")
    if rule.family:
        words.append(rule.family)
    if rule.proto:
        words.append(f"proto {rule.proto}")
    service = "" if numeric else "tcp" if rule.proto == "tcp" else "udp"
    words.append(
        from_to_text(
            rule.source,
            rule.source_port,
            rule.destination,
            rule.destination_port,
            rule.family,
            rule.os,
            service,
        )
    )
    if quoted and "! any" in words[-1]:  # which pfctl prints and cannot read
        words[-1] = words[-1].replace("! any", "! 0.0.0.0/0" if rule.family == "inet" else "! ::/0")
    if quoted and rule.action == "binat" and words[-1] == "all":
        words[-1] = "from any to any"
    words += _conditions(rule)
    words += _effects(rule, quoted)
    return " ".join(words)


def _action(rule: Rule, quoted: bool) -> str:
    if rule.anchor:
        hidden = rule.anchor.rpartition("/")[2].startswith("_") and not (quoted and rule.body is None)
        return rule.action if hidden else f'{rule.action} "{rule.anchor}"'
    return ("no " if rule.no else "") + rule.action + (" pass" if rule.passes else "")


def _block(rule: Rule) -> str:
    if rule.block == "return-rst" and rule.return_ttl:
        return f"return-rst(ttl {rule.return_ttl})"
    if rule.block != "return-icmp":
        return rule.block
    first, second = (_code(code, six) for code, six in zip(rule.return_codes, (False, True), strict=True))
    if rule.family == "inet":
        return f"return-icmp({first})"
    return f"return-icmp6({second})" if rule.family == "inet6" else f"return-icmp({first}, {second})"


def _code(word: int, six: bool) -> str:
    known = (CODES6 if six else CODES).get(word >> 8, {})
    return code_text(word >> 8, word & 255, six) if known else str(word & 255)


def from_to_text(
    source: Host,
    source_port: Ports | None,
    destination: Host,
    destination_port: Ports | None,
    family: Family,
    system: str = "",
    service: str = "",
) -> str:
    """From and to; with `service` (tcp or udp) ports that have a name there are printed by it."""
    first, second = _host(source, family), _host(destination, family)
    if first == second == "any" and not (source_port or destination_port or system):
        return "all"
    first += _ports(source_port, service) + (f' os "{system}"' if system else "")
    return f"from {first} to {second}{_ports(destination_port, service)}"


def _host(host: Host, family: Family) -> str:
    return ("! " if host.negated else "") + host_text(host, family)


def _ports(ports: Ports | None, service: str) -> str:
    if ports is None:
        return ""
    if ports.op == ":":
        return f" port {ports.low}:{ports.high}"
    if ports.op in {"><", "<>"}:
        return f" port {ports.low} {ports.op} {ports.high}"
    name = service_name(ports.low, service) if service and ports.op in {"=", "!="} else None
    return f" port {ports.op} {name or ports.low}"


def _ids(word: str, ids: Ids) -> str:
    low = "unknown" if ids.low == UNKNOWN_ID and ids.op in {"=", "!="} else str(ids.low)
    if ids.op in {"><", "<>"}:
        return f"{word} {low} {ids.op} {ids.high}"
    return f"{word} {ids.op} {low}"


def _conditions(rule: Rule) -> list[str]:
    words = []
    if rule.received_on:
        words.append(f"{'!' if rule.not_received_on else ''}received-on {rule.received_on}")
    if rule.user:
        words.append(_ids("user", rule.user))
    if rule.group:
        words.append(_ids("group", rule.group))
    if rule.flags:
        words.append(f"flags {rule.flags}")
    if rule.icmp_type is not None:
        words.append(_icmp(rule))
    if rule.tos:
        words.append(f"tos 0x{rule.tos:02x}")
    if rule.prio is not None:
        words.append(f"prio {rule.prio}")
    if rule.max_pkt_rate:
        words.append(f"max-pkt-rate {rule.max_pkt_rate[0]}/{rule.max_pkt_rate[1]}")
    if rule.max_pkt_size:
        words.append(f"max-pkt-size {rule.max_pkt_size}")
    return words


def _icmp(rule: Rule) -> str:
    six = rule.family == "inet6"
    number = rule.icmp_type or 0
    code = "" if rule.icmp_code is None else f" code {code_text(number, rule.icmp_code, six)}"
    return f"{'icmp6-type' if six else 'icmp-type'} {type_text(number, six)}{code}"


def _effects(rule: Rule, quoted: bool) -> list[str]:
    words = []
    if rule.set_prio is not None or rule.set_tos is not None:
        words.append(f"set ( {', '.join(_sets(rule))} )")
    if rule.state:
        words.append(rule.state)
    if rule.probability:
        words.append(f"probability {_share(rule.probability)}%")
    if rule.options and not (quoted and rule.section in TRANSLATIONS) and (options := state_text(rule.options)):
        words.append(f"({options})")
    if rule.allow_opts:
        words.append("allow-opts")
    if rule.fragment:
        words.append("fragment")
    words += _scrub(rule)
    words += _names(rule, quoted)
    if rule.rtable is not None:
        words.append(f"rtable {rule.rtable}")
    if rule.divert_to:
        words.append(f"divert-to {rule.divert_to}")
    return words + _translations(rule, quoted)


def _sets(rule: Rule) -> Iterator[str]:
    if rule.set_prio is not None:
        first, second = rule.set_prio
        yield f"prio {first}" if first == second else f"prio({first}, {second})"
    if rule.set_tos is not None:
        yield f"tos 0x{rule.set_tos:02x}"


def _share(probability: int) -> str:
    text = f"{probability * 100.0 / 2**32:f}".rstrip("0")
    return text.removesuffix(".")


def _scrub(rule: Rule) -> list[str]:
    scrub = rule.scrub
    if scrub is None:
        return []
    if rule.action == "scrub" and not rule.no:
        words = _scrubbing(scrub, scrub.set_tos, old=True)
        return [*words, f"fragment {'no ' if scrub.no_reassemble else ''}reassemble"]
    if not (scrub.no_df or scrub.random_id or scrub.reassemble_tcp or scrub.min_ttl or scrub.max_mss):
        return []
    if rule.action == "scrub" and not (scrub.min_ttl or scrub.max_mss):
        return []
    words = _scrubbing(scrub, rule.set_tos, old=False) if rule.action != "scrub" else _limits(scrub)
    return [f"scrub( {' '.join(words)})"]


def _scrubbing(scrub: Scrub, set_tos: int | None, old: bool) -> list[str]:
    words = [word for word, said in (("no-df", scrub.no_df), ("random-id", scrub.random_id)) if said]
    if scrub.min_ttl:
        words.append(f"min-ttl {scrub.min_ttl}")
    mss = [f"max-mss {scrub.max_mss}"] if scrub.max_mss else []
    words += mss if old else []
    if set_tos is not None:
        words.append(f"set-tos 0x{set_tos:02x}")
    if scrub.reassemble_tcp:
        words.append("reassemble tcp")
    return words + ([] if old else mss)


def _limits(scrub: Scrub) -> list[str]:
    """What is printed of `no scrub`, by accident."""
    words = [f"min-ttl {scrub.min_ttl}"] if scrub.min_ttl else []
    return words + ([f"max-mss {scrub.max_mss}"] if scrub.max_mss else [])


def _names(rule: Rule, quoted: bool) -> list[str]:
    words = []
    for label in rule.labels:
        if not label:
            break
        words.append(f'label "{_escaped(label) if quoted else label}"')
    if rule.ridentifier:
        words.append(f"ridentifier {rule.ridentifier}")
    if rule.dummynet:
        word, there, back = rule.dummynet
        words.append(f"{word}({there}, {back})" if back else f"{word} {there}")
    if rule.queue[0]:
        first, second = rule.queue
        words.append(f"queue({first}, {second})" if second else f"queue {first}")
    if rule.tag:
        words.append(f"tag {_tag(rule.tag, quoted)}")
    if rule.tagged:
        words.append(f"{'! ' if rule.not_tagged else ''}tagged {_tag(rule.tagged, quoted)}")
    return words


def _tag(tag: str, quoted: bool) -> str:
    return f'"{_escaped(tag)}"' if quoted else tag


def _escaped(text: str) -> str:
    return text.replace('"', '\\"')


def _translations(rule: Rule, quoted: bool) -> list[str]:
    if rule.anchor:
        return []
    words = []
    if rule.section in {"nat", "rdr", "binat"}:
        if not rule.no:
            nothing = " static-port" if rule.section == "nat" else ""
            words.append("-> " + (pool_text(rule.pool, rule.action, quoted) if rule.pool else nothing))
        return words
    if rule.nat_to:
        words.append((f"af-to {rule.af_to} from " if rule.af_to else "nat-to ") + pool_text(rule.nat_to, "nat", quoted))
    if rule.rdr_to:
        words.append(("to " if rule.af_to else "rdr-to ") + pool_text(rule.rdr_to, "rdr", quoted))
    return words

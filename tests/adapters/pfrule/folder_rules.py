"""A folder of rules for the jail dovecot, imported and rendered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf import registry
from jailpf.compile.whole import compile_jail
from jailpf.declare import toml
from jailpf.declare.host import Host as HostSettings
from jailpf.declare.services import read
from jailpf.lifecycle.jails import Jails
from jailpf.values import Interface, Peer

if TYPE_CHECKING:
    from stand_ins.host import Host

    from jailpf.declare.settings import Settings
    from jailpf.managers.importing import Imported

J4, J6 = "172.16.15.15", "fd7a:e5cd:1fc1:186f:dead:beef:cafe:f"
SEED_RDR = """# to permit legacy users to access insecure POP3 & IMAP, add their IPs/masks
table <insecure_mua> persist file "insecure_mua"

rdr inet  proto tcp from any to <ext_ip4> port { 993 995 } -> 172.16.15.15
rdr inet6 proto tcp from any to <ext_ip6> port { 993 995 } -> fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f

rdr inet  proto tcp from <insecure_mua> to <ext_ip4> port { 110 143 } -> 172.16.15.15
rdr inet6 proto tcp from <insecure_mua> to <ext_ip6> port { 110 143 } -> fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f
"""
SEED_ALLOW = """mua_ports = "{ 110 143 993 995 }"
table <mua_servers> { 172.16.15.15, fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f }
pass in quick proto tcp from any to <mua_servers> port $mua_ports
"""


from alike import differences  # noqa


def settings(host: Host) -> Settings:
    tables = {"ext_ip4": (Peer.parse("<ext_ip4>"),), "ext_ip6": (Peer.parse("<ext_ip6>"),)}
    return replace(host.settings, host=HostSettings(ext_if=(Interface("em0"),), **tables))


def rules(host: Host, **files: str) -> str:
    for name, text in files.items():
        host.file(f"data/dovecot/etc/pf.conf.d/{name.replace('__', '.')}", text)
    return f"{host.root}/data/dovecot/etc/pf.conf.d"


def imported(host: Host, **files: str) -> Imported:
    (found,) = imported_by(host, "pfrule", [rules(host, **files)])
    return found


def imported_by(host: Host, adapter: str, names: list[str]) -> list[Imported]:
    return list(host.adapter(adapter, settings(host)).import_(names))


def rendered(host: Host, one: Imported) -> str:
    for sentence in one.write():
        assert sentence
    jails = Jails(settings(host), registry.build())
    services = read(toml.load(one.file), jails.registry.rule_types, settings(host))
    return "".join(anchor.text for anchor in compile_jail(jails.find(one.jail, services), services, jails).anchors)


def compared(host: Host, one: Imported) -> list[str]:
    return [str(difference) for difference in differences(one.before, rendered(host, one))]

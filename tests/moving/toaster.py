"""A Mail Toaster host with eight jails, as one is kept by hand: folders of rules, jail.conf, pf.conf."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stand_ins.host import Host

NET4, NET6 = "172.16.15", "fd7a:e5cd:1fc1:186f:dead:beef:cafe"
JAILS = {"dns": 3, "haproxy": 12, "webmail": 10, "dovecot": 15, "haraka": 9, "git": 31, "mysql": 4, "spamassassin": 6}

PF_CONF = """\
ext_if = "em0"
table <ext_ip4> persist { 203.0.113.1 }
table <ext_ip6> persist { 2001:db8::1 }
table <bruteforce> persist
binat-anchor "binat/*"
nat-anchor "nat/*"
nat on $ext_if inet from 172.16.0.0/12 to any -> ($ext_if)
rdr-anchor "rdr/*"
block in on $ext_if
block in quick from <bruteforce>
pass inet6 proto icmp6
anchor "allow/*"
anchor "filter/*"
"""


def both(jail: str) -> tuple[str, str]:
    """A jail's addresses."""
    return f"{NET4}.{JAILS[jail]}", f"{NET6}:{JAILS[jail]:x}"


def rdr(jail: str, ports: str, *, peers: str = "any", to: str = "") -> str:
    """The two lines of a rdr.conf."""
    one, other = both(to or jail)
    return (
        f"rdr inet  proto tcp from {peers} to <ext_ip4> port {{ {ports} }} -> {one}\n"
        f"rdr inet6 proto tcp from {peers} to <ext_ip6> port {{ {ports} }} -> {other}\n"
    )


def passes(jail: str, ports: str, *, peers: str = "any", proto: str = "tcp") -> str:
    """The line of a filter.conf, by the table of the jail's own addresses."""
    return f"pass in quick proto {proto} from {peers} to <{jail}> port {{ {ports} }}\n"


FILES = {
    "dns": {"filter.conf": passes("dns", "53", proto="{ tcp udp }", peers="172.16.0.0/12")},
    "haproxy": {"rdr.conf": rdr("haproxy", "80 443"), "filter.conf": passes("haproxy", "80 443")},
    "webmail": {"filter.conf": passes("webmail", "80", peers=both("haproxy")[0])},
    "dovecot": {
        "rdr.conf": rdr("dovecot", "993 995") + rdr("dovecot", "110 143", peers="<insecure_mua>"),
        "filter.conf": passes("dovecot", "993 995") + passes("dovecot", "110 143", peers="<insecure_mua>"),
        "insecure_mua.table": "198.51.100.0/24\n",
    },
    "haraka": {
        "rdr.conf": rdr("haraka", "25 465 587"),
        "nat.conf": f"nat on em0 inet proto tcp from {both('haraka')[0]} to any port 25 -> 203.0.113.1\n",
        "filter.conf": "block in quick from <spammers> to <haraka>\n" + passes("haraka", "25 465 587"),
        "spammers.table": "192.0.2.66\n",
    },
    "git": {"rdr.conf": rdr("git", "2222").replace("\n", " port 22\n"), "allow.conf": passes("git", "22")},
    "mysql": {"filter.conf": passes("mysql", "3306", peers=f"{{ {both('webmail')[0]} {both('haraka')[0]} }}")},
    "spamassassin": {"filter.conf": passes("spamassassin", "783", peers=both("haraka")[0])},
}


def hooks(jail: str, script: str = "/etc/mail-toaster/pfrule.sh") -> str:
    """The two lines that Mail Toaster writes."""
    return f'\texec.created = "{script} load {jail}";\n\texec.poststop = "{script} unload {jail}";\n'


def block(jail: str, lines: str) -> str:
    """A jail's block."""
    one, other = both(jail)
    return f"{jail}\t{{\n\tip4.addr = lo1|{one};\n\tip6.addr = lo1|{other};\n\texec.clean;\n{lines}}}\n"


def made(host: Host) -> list[str]:
    """Write it all; the folders of rules."""
    host.jail_conf("".join(block(jail, hooks(jail)) for jail in JAILS))
    host.file("jailpf/pf.conf", PF_CONF)
    settings = host.root / "jailpf/jailpf.toml"
    text = settings.read_text().replace(
        "[host]\n", 'layout = "split"\ndirect = true\nmain = "pf.conf"\n[host]\next_ip4 = "<ext_ip4>"\next_ip6 = "<ext_ip6>"\n', 1
    )  # fmt: skip
    settings.write_text(text)
    folders = []
    for jail, files in FILES.items():
        one, other = both(jail)
        public = "203.0.113.1\n2001:db8::1\n" if "rdr.conf" in files else ""  # as Mail Toaster writes it
        table = {f"{jail}.table": f"{public}{one}\n{other}\n"}
        for name, content in {**table, **files}.items():
            host.file(f"mail-toaster/{jail}/pf.conf.d/{name}", content)
        folders.append(str(host.root / f"mail-toaster/{jail}/pf.conf.d"))
    return folders

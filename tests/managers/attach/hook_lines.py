"""A commented jail.conf, and the hook lines that jailpf writes into it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from jailpf.managers.attach.lines import ours
from jailpf.system import itself

if TYPE_CHECKING:
    from stand_ins.host import Host

HOOKS = (("prepare", "prestart"), ("created", "created"), ("poststop", "poststop"))


COMMENTED = """# the host's defaults
exec.clean; // really
exec.created += "/usr/bin/first $name";

/* a block { that is
   a comment } */
"web" {  # web { not here }
\tip4.addr = 10.0.0.1;
\texec.start = "echo '}' \\" } {", 'single } " {';
\thost.hostname = "${name}.example.org";   # ${name} is no block
\texec.created = "/usr/bin/second";
\texec.created += "/usr/bin/third";

\t# the last line
}
db { ip4.addr = 10.0.0.2; }
mail {ip4.addr = 10.0.0.3;}
vn {
    vnet;
    exec.poststop += "/sbin/ifconfig epair9a destroy"; }
"""


def line(host: Host, hook: str, verb: str) -> str:
    return f'exec.{hook} += "{command(host, verb)}";'


def command(host: Host, verb: str, name: str = "$name") -> str:
    return f"{shlex.join(itself.command())} -c {host.root}/jailpf/jailpf.toml --run {host.root}/run {verb} {name}"


def values(host: Host, jail: str, hook: str) -> list[str]:
    adapter = host.adapter("jail.conf")
    known = adapter.jails(adapter.file_of(jail))[jail].get(f"exec.{hook}", ())
    return [value.split()[-2] if ours(value) else value for value in known]

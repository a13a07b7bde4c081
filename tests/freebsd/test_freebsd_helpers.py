"""The tests' own helpers, as far as they can be tested anywhere."""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

from freebsd import host, net, peers, probe, ruleset, tools
from freebsd.home import WARM, Home, Program, write
from freebsd.jails import Jail, conf
from freebsd.net import Epair, Net
from freebsd.probe import Answer, Probe, agree
from freebsd.scene import Scene, names
from jailpf.pf import complaints

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_ins.machine import Machine

HERE = Path(__file__).parent
NET = Net(ext="epair0a", lo="lo1", bridge="bridge0", foreign=("vtnet0",), safe=("10.0.2.15", "fec0::2"))
RDR = """\
rdr on epair0a inet proto tcp from any to <ext_ip4> port 18080 tag "x" -> 10.213.7.10 port 10080
pass quick inet proto tcp from any to 10.213.7.10 port 10080 tagged "x"
"""


def _lo(name: str = "jptweb") -> Jail:
    return Jail(name, "lo", "10.213.7.10", "fd13:213:7::1e", "lo1")


def test_every_module_is_for_freebsd_only_when_it_says_so() -> None:
    """The scripts that run in jails import nothing but the standard library."""
    for script in ("peer_server.py", "peer_client.py"):
        tree = ast.parse((HERE / script).read_text())
        imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        assert imported <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("policy", list(ruleset.POLICIES))
def test_the_host_is_safe_under_every_policy(policy: str) -> None:
    """Whatever the policy: foreign interfaces are skipped, and passed without a state above it."""
    lines = ruleset.text(NET, policy).splitlines()
    assert lines[0] == "set skip on { vtnet0 }"
    assert "10.0.2.15 fec0::2" in lines[1]
    first = next((number for number, line in enumerate(lines) if line.startswith("block")), len(lines))
    assert lines.index("pass quick on { vtnet0 } no state") < first
    assert lines.index(f"pass quick on lo0 from <{host.MARK}> to any no state") < first


def test_a_main_ruleset_is_one(simulated: Callable[..., object]) -> None:
    """The simulated pf takes it, with rules in all the places that a test may fill."""
    main = ruleset.text(
        NET, translation="nat on epair0a inet from 10.213.7.0/24 to any -> (epair0a:0)", above="block in quick from 192.0.2.1",
        below="block in proto tcp", skip=("lo0",), icmp6=False,
    )  # fmt: skip
    simulated(main)


def test_init_lines_are_found() -> None:
    """The anchor lines of `jailpf init`, without its comments."""
    init = 'nat-anchor "nat/*"\n# block all   <- your policy\npass inet6 proto icmp6   # neighbours\nanchor "allow/*"  # x\n'
    assert ruleset.calls_of(init) == ['nat-anchor "nat/*"', 'anchor "allow/*"']


def test_jail_conf_of_a_local_jail() -> None:
    """Addresses with interface and mask, hooks in the order given."""
    jail = _lo()
    jail.hooks = [("exec.prestart", "/x/jailpf prestart $name"), ("exec.created", "/usr/bin/false")]
    text = conf([jail])
    assert 'ip4.addr = "lo1|10.213.7.10/32";' in text
    assert 'ip6.addr = "lo1|fd13:213:7::1e/128";' in text
    assert text.index("prestart $name") < text.index("/usr/bin/false")


def test_jail_conf_of_a_vnet_jail() -> None:
    """No ip4.addr; the far end moves in and is configured by exec.start, the near end joins the bridge."""
    text = conf([Jail("jptvn", "vnet", "10.213.8.10", "fd13:213:8::1e", "bridge0", Epair("epair1a", "epair1b"))])
    assert "ip4.addr" not in text
    assert 'vnet.interface = "epair1b";' in text
    assert "/sbin/ifconfig bridge0 addm epair1a" in text
    assert "/sbin/ifconfig epair1b inet 10.213.8.10/24 up" in text


def test_addresses_of_ifconfig() -> None:
    """Loopback and link-local addresses do not count."""
    text = """\
epair0a: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\tinet 203.0.113.1 netmask 0xffffff00 broadcast 203.0.113.255
\tinet6 fe80::1%epair0a prefixlen 64 scopeid 0x7
\tinet6 2001:db8:113::1 prefixlen 64 tentative
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> metric 0 mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
"""
    assert net.addresses(text) == {"203.0.113.1", "2001:db8:113::1"}


@pytest.mark.parametrize(
    ("line", "address", "is_it"),
    [
        (
            "all tcp 172.16.15.17:993 (10.0.2.15:993) <- 10.0.2.2:54320       ESTABLISHED:ESTABLISHED",
            "172.16.15.17",
            True,
        ),
        ("all tcp 10.0.2.15:57044 (172.16.15.15:19632) -> 10.0.2.2:9       TIME_WAIT:TIME_WAIT", "172.16.15.15", True),
        ("all tcp 172.16.15.17:993 <- 10.0.2.2:54320       ESTABLISHED:ESTABLISHED", "172.16.15.1", False),
        ("all tcp fd13::1e[993] (2001:db8::1[993]) <- 2001:db8::7[4]       FIN_WAIT_2:FIN_WAIT_2", "fd13::1e", True),
        ("all icmp 10.0.2.15:32136 (172.16.15.15:5125) -> 10.0.2.2:8       0:0", "10.0.2.2", True),
    ],
)
def test_states_by_address(line: str, address: str, is_it: bool) -> None:
    """Lines of transcript-pfctl-15.txt: addresses as a whole, with or without a port behind them."""
    assert names(line, address) is is_it


@pytest.mark.parametrize(
    ("real", "simulated", "same"),
    [
        (Answer("reached", "jpta", 80, "203.0.113.7"), Answer("reached", "jpta", 80, "203.0.113.7"), True),
        (Answer("reached", "jpta", 80, "203.0.113.7"), Answer("reached", "jptb", 80, "203.0.113.7"), False),
        (Answer("reached", "jpta", 80, "203.0.113.1"), Answer("reached", "jpta", 80, "203.0.113.7"), False),
        (Answer("reached", "jpta", 81, "203.0.113.7"), Answer("reached", "jpta", 80, "203.0.113.7"), False),
        (Answer("silent"), Answer("silent"), True),
        (Answer("silent"), Answer("reached", "jpta"), False),
        (Answer("refused"), Answer("reached", "host"), True),
        (Answer("refused"), Answer("silent"), False),
    ],
)
def test_when_two_answers_agree(real: Answer, simulated: Answer, same: bool) -> None:
    """The same jail, port and sender; refused means that pf let it through."""
    assert agree(real, simulated, "outside") is same


@pytest.fixture
def simulated() -> Callable[..., object]:
    """A simulated pf around the jail jptweb."""
    jail = _lo()
    return lambda main, anchors=None: probe.rebuild(NET, main, anchors or {}, {jail.name: jail})


def test_a_probe_asks_the_simulated_pf(simulated: Callable[..., object]) -> None:
    """Who gets it, on which port, from whom; and the reason when nobody does."""
    pf = simulated(ruleset.text(NET), {"jailpf/jptweb": RDR})
    answer = Probe(net.EXT4, 18080).simulated(pf)  # type: ignore[arg-type]
    assert answer[:4] == ("reached", "jptweb", 10080, net.CLIENT4)
    assert "block" in Probe(net.EXT4, 18081).simulated(pf).detail  # type: ignore[arg-type]


@pytest.mark.parametrize("proto", ["tcp", "udp"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_server_and_client_talk(proto: str, address: str, free_port: Callable[[str], int]) -> None:
    """The two scripts, here without a jail."""
    try:
        port = free_port(address)
    except OSError:
        pytest.skip(f"no {address} here")
    listener = peers.Listener("", "jptweb", [f"{proto},{address},{port}"])
    try:
        answer = peers.ask("", proto, "", address, port, 5)
        assert answer == {"how": "reached", "said": {"name": "jptweb", "port": port, "peer": address}}
        if proto == "tcp":
            held = peers.Held("", "", address, port)
            try:
                assert held.alive()
                listener.close()
                assert not held.alive()
            finally:
                held.close()
    finally:
        listener.close()
    assert peers.ask("", proto, "", address, port, 0.5)["how"] == "refused"


@pytest.fixture
def free_port() -> Callable[[str], int]:
    import socket

    def find(address: str) -> int:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as sock:
            sock.bind((address, 0))
            return int(sock.getsockname()[1])

    return find


def test_a_listener_that_cannot_listen_says_why() -> None:
    """Its own words are in the error."""
    with pytest.raises(tools.ToolError, match="OverflowError"):
        peers.Listener("", "jptweb", ["tcp,127.0.0.1,99999"])


def test_programs_are_run_to_their_end() -> None:
    """Status, both streams, standard input; a failure and a time limit say what was run."""
    assert tools.run("/bin/sh", "-c", "cat; echo no >&2; exit 3", text="yes", must=False) == (3, "yes", "no\n")
    with pytest.raises(tools.ToolError, match="exit 3"):
        tools.run("/bin/sh", "-c", "exit 3")
    with pytest.raises(tools.ToolError, match="did not end"):
        tools.run("/bin/sh", "-c", "sleep 60 & wait", seconds=0.2)
    with pytest.raises(tools.ToolError, match="in vain: the moon"):
        tools.until("the moon", lambda: False, seconds=0.1)


def test_both_forms_of_jailpf_run(tmp_path: Path) -> None:
    """The program and `python -I -m jailpf` find jailpf of the checkout, wherever they are started."""
    made = Program(tmp_path / "program")
    home = Home(tmp_path / "home", made)
    home.settings("em0", nat=True)
    home.declare("web", '[service.http]\nport = 80\n[jail]\nip4 = "10.213.7.10"\n')
    said = home.jailpf("render", "web")
    assert "rdr on em0 inet proto tcp from any to <ext_ip4> port 80 " in " ".join(said.out.split())
    words = home.hook("render", "module").replace("$name", "web").split()
    assert tools.run(*words).out == said.out
    assert home.jailpf("render", "nosuch", status=None).status == 66


def test_what_jailpf_has_loaded_is_read_from_its_records(machine: Machine) -> None:
    """As jailpf writes them now, beside what a test loaded itself."""
    machine.declare("web")
    machine.jailpf("created", "web")
    scene = Scene.__new__(Scene)
    scene.raw, scene.home = {"rdr/x": "pass\n"}, SimpleNamespace(run=machine.run_dir)  # type: ignore[assignment]
    found = scene.anchors()
    assert sorted(found) == ["jailpf/web", "rdr/x"]
    assert "172.16.15.16" in found["jailpf/web"]


def test_the_short_way_is_told_from_the_long_one(machine: Machine, tmp_path: Path) -> None:
    """The short way ends the process itself, so that what stands behind it in a script does not run."""
    machine.card()
    machine.declare("web")
    script = write(tmp_path / "warm.py", WARM)
    for long_way in (False, True):
        machine.jailpf("prestart", "web")
        if long_way:
            machine.declare("web", web() + "\n# changed\n")
        said = tools.run(sys.executable, "-I", str(script), *machine.arguments("created", "web")[4:])
        assert said.out.split()[-1:] == [str(long_way)]
        machine.jailpf("unload", "web")


def test_the_stand_in_for_sh_does_what_programs_needs() -> None:
    """jailpf.system.programs over fallback/sh.py: output, status, a program that is missing, one that hangs."""
    code = f"""
import sys
sys.path.insert(0, {str(HERE / "fallback")!r})
sys.path.append({str(HERE.parents[1])!r})
from jailpf.system import programs
from jailpf.errors import JailpfError
print(programs.ask("/bin/sh", "-c", "echo out; echo err >&2; exit 3"))
for words, seconds in ((["/no/such"], 5), (["/bin/sh", "-c", "sleep 9"], 0.1)):
    try:
        programs.ask(*words, timeout=seconds)
    except JailpfError as wrong:
        print(type(wrong).__name__)
"""
    said = tools.run(sys.executable, "-c", code)
    assert said.out.splitlines() == [
        r"Answer(status=3, out='out\n', err='err\n')", "PfUnavailableError", "TryAgainError",
    ]  # fmt: skip


def test_the_recorded_verdicts_are_there() -> None:
    """test_freebsd_texts.py reads them."""
    recorded = json.loads((HERE.parent / "pf/simulated/verdicts.json").read_text())
    assert len(recorded["cases"]) == 228
    assert {"what", "rules", "exit", "stdout"} <= set(recorded["cases"][0])


@pytest.mark.parametrize(
    ("said", "table", "root", "status"),
    [
        ("pfctl: Operation not permitted", "friends", True, 71),
        ("pfctl: Operation not permitted.", "friends", False, 71),
        ("pfctl: DIOCXBEGIN: Operation not permitted", "", True, 71),
        ("pfctl: DIOCXBEGIN: Operation not permitted", "", False, 77),
        ("pfctl: /dev/pf: Permission denied", "friends", False, 77),
        ("pfctl: /dev/pf: Permission denied", "", True, 77),
    ],
)
def test_what_pfctl_may_not_and_what_we_may_not(
    monkeypatch: pytest.MonkeyPatch, said: str, table: str, root: bool, status: int
) -> None:
    """A `const` table is pf's refusal (71), and root is never told to run as root; out of reach is 77."""
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1001)
    wrong = complaints.refusal("jailpf/web", f"No ALTQ support in kernel\n{said}\n", 1, table)
    assert wrong.status == status
    assert ("const" in str(wrong)) == (status == 71 and bool(table))

"""What a test has: jailpf in a folder, jails that it starts, listeners in them, and questions about who is reached."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from freebsd import home, host, jails, net, peers, probe, ruleset
from freebsd.home import Home
from freebsd.jails import INTO, Jail, Kind
from freebsd.net import CLIENT, CLIENT4, CLIENT6, EXT4, EXT6, PREFIX, Net
from freebsd.probe import Answer, Probe
from freebsd.tools import TOOLS, Said, ToolError, finish, run, start
from jailpf.state import records
from jailpf.state.rundir import RunDir

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from freebsd.home import Program
    from freebsd.host import Before
    from freebsd.peers import Held, Listener
    from jailpf.pf.simulated import Simulated

INSIDE, OUTSIDE = 10080, 18080
SERVICE = f"[service.http]\nport = {INSIDE}\nrdr = {{ port = {OUTSIDE} }}\n"
FAMILIES = {"inet": EXT4, "inet6": EXT6}


class Scene:
    """One test's jails, listeners and rules; `close` takes all of it away.

    main: the text of the main ruleset; raw: anchors that the test loaded itself.
    """

    def __init__(self, network: Net, before: Before, folder: Path, program: Program) -> None:
        self.net, self.before, self.home = network, before, Home(folder, program)
        self.jails: dict[str, Jail] = {}
        self.raw: dict[str, str] = {}
        self.main = ""
        self.stack = ExitStack()
        self.stack.callback(host.clean, before)
        self.settings()

    def settings(self, layout: str = "single", **options: object) -> None:
        """Write jailpf.toml; see Home.settings."""
        self.home.settings(self.net.ext, layout=layout, **options)  # type: ignore[arg-type]

    def rules(self, policy: str = "block all", **options: object) -> None:
        """Load a main ruleset: the anchor lines of `jailpf init`, and a host policy; see ruleset.text."""
        options.setdefault("calls", ruleset.calls_of(self.home.jailpf("init").out))
        self.main = ruleset.text(self.net, policy, **options)  # type: ignore[arg-type]
        ruleset.load(self.main)

    def anchor(self, path: str, rules: str) -> None:
        """Load an anchor by hand, without jailpf."""
        ruleset.anchor(path, rules)
        self.raw[path] = rules

    def flush(self, path: str) -> None:
        """Empty an anchor that the test loaded."""
        run("pfctl", "-a", path, "-f", "/dev/null")
        del self.raw[path]

    def jail(self, name: str = "web", kind: Kind = "lo", form: str = "console", created: str = "created") -> Jail:
        """A jail with jailpf's hooks, not yet running. form: of the hook lines, "" for none; created: the hook for it."""
        number = len(self.jails) + 10
        pair = net.epair(self.stack, self.net) if kind == "vnet" else None
        where = {"lo": self.net.lo, "alias": self.net.ext, "vnet": self.net.bridge}[kind]
        ip4 = {"lo": f"10.213.7.{number}", "alias": f"203.0.113.{number + 20}", "vnet": f"10.213.8.{number}"}[kind]
        ip6 = {"lo": "fd13:213:7::", "alias": "2001:db8:113::", "vnet": "fd13:213:8::"}[kind] + f"{number + 20:x}"
        jail = Jail(PREFIX + name, kind, ip4, ip6, where, pair, told=created == "created")
        if form:
            into = INTO | {"created": f"exec.{created}"}
            jail.hooks = [(into[verb], self.home.hook(verb, form)) for verb in INTO]
        self.jails[jail.name] = jail
        self.stack.callback(self._remove, jail)
        return jail

    def declare(self, jail: Jail, toml: str = SERVICE) -> Path:
        """Write its declaration. A vnet jail that calls `created` in exec.created must say its addresses there."""
        if jail.kind == "vnet" and jail.told:
            toml += f'\n[jail]\nip4 = "{jail.ip4}"\nip6 = "{jail.ip6}"\nvnet = true\ninterface = "{jail.interface}"\n'
        return self.home.declare(jail.name, toml)

    def conf(self) -> str:
        """Write jail.conf with all jails so far; its path."""
        return str(home.write(self.home.jail_conf, jails.conf(self.jails.values())))

    def begin(self, jail: Jail) -> list[str]:
        """The command line that starts it."""
        return [TOOLS["jail"], "-f", str(self.home.jail_conf), "-c", jail.name]

    def start(self, jail: Jail, *, fails: bool = False) -> Said:
        """`jail -c`; it must come to life, or with `fails` must not."""
        said = run("jail", "-f", self.conf(), "-c", jail.name, must=False)
        alive = jail.name in jails.running()
        if bool(said.status) != fails or alive == fails:
            raise ToolError(
                f"jail -c {jail.name}: exit {said.status}, running: {alive}\n{said.all}\n{self.home.jail_conf.read_text()}"
            )
        if alive and jail.pair:
            net.settle(jail.pair.far, jail.addresses, jail.name)
        return said

    def stop(self, jail: Jail) -> Said:
        """`jail -r`, with its hooks."""
        return run("jail", "-f", str(self.home.jail_conf), "-r", jail.name)

    def up(self, jail: Jail, toml: str = SERVICE, *ports: int) -> Jail:
        """Declared, started, and listening on `ports` (INSIDE) of its addresses by tcp."""
        self.declare(jail, toml)
        self.start(jail)
        self.listen(jail.name, [f"tcp,{word},{port}" for word in jail.addresses for port in ports or (INSIDE,)])
        return jail

    def plain(self, name: str, kind: Kind = "lo", *ports: int) -> Jail:
        """A running jail that jailpf knows nothing of, listening on `ports` (INSIDE)."""
        jail = self.jail(name, kind, form="")
        self.start(jail)
        self.listen(jail.name, [f"tcp,{word},{port}" for word in jail.addresses for port in ports or (INSIDE,)])
        return jail

    def listen(self, name: str, places: Sequence[str]) -> Listener:
        """A listener in a jail, on the "host", or "outside"."""
        jail = {"host": "", "outside": CLIENT}.get(name, name)
        listener = peers.Listener(jail, name, list(places))
        self.stack.callback(listener.close)
        return listener

    def listen_outside(self, port: int) -> Listener:
        """Somebody outside for the jails to connect to."""
        return self.listen("outside", [f"tcp,{CLIENT4},{port}", f"tcp,{CLIENT6},{port}"])

    def hold(self, to: str, port: int, sender: str = "outside", source: str = "") -> Held:
        """A connection that stays open."""
        source = source or Probe(to, port, sender).whence()
        held = peers.Held({"outside": CLIENT, "host": ""}.get(sender, sender), source, to, port)
        self.stack.callback(held.close)
        return held

    def anchors(self) -> dict[str, str]:
        """What was loaded: by jailpf, as its records have it, and by the test."""
        found = dict(self.raw)
        run = RunDir(str(self.home.run))
        for name in records.names(run):
            if record := records.at(run, name)[0]:
                found |= {anchor.path: anchor.text for anchor in record.anchors}
        return found

    def simulated(self) -> Simulated:
        """The simulated pf with the same rules and jails."""
        alive = {name: jail for name, jail in self.jails.items() if name in jails.running()}
        return probe.rebuild(self.net, self.main, self.anchors(), alive)

    def expect(self, question: Probe, who: str) -> Answer:
        """Ask both pfs: `who` ("": nobody) gets it, and they agree. Returns the real answer."""
        real = question.real(bool(who))
        assert real.who == who, f"{question}: expected {who or 'nobody'}, got {real}"
        probe.compared += 1
        simulated = question.simulated(self.simulated())
        assert probe.agree(real, simulated, question.sender), (
            f"the simulated pf does not agree. {question}\n  real:      {real}\n  simulated: {simulated}"
        )
        return real

    def reached(self, jail: Jail, port: int = OUTSIDE, *, gets: bool = True) -> None:
        """From outside, the published port leads to the jail, by IPv4 and by IPv6; or with `gets` False to nobody."""
        for to in FAMILIES.values():
            self.expect(Probe(to, port), jail.name if gets else "")

    def loaded(self, path: str) -> str:
        """The rules and tables that the real pf holds in an anchor, "" for none."""
        parts = [run("pfctl", "-a", path, "-P", option, must=False).out for option in ("-sn", "-sr", "-sT")]
        return "".join(part for part in parts if part.strip())

    def states(self, *addresses: str) -> list[str]:
        """The lines of pf's state table that name one of the addresses; all without any."""
        lines = run("pfctl", "-P", "-ss").out.splitlines()
        return [line for line in lines if not addresses or any(names(line, word) for word in addresses)]

    def nothing_left(self, jail: Jail) -> None:
        """No rule, table, state or record of the jail. Its plan stays, for the next start (docs/reference)."""
        name = jail.name
        paths = [f"{folder}/{name}" for folder in ("jailpf", "nat", "binat", "rdr", "filter", "allow")]
        paths += [f"{folder}/jailpf.{name}" for folder in ("rdr", "bastille")]
        left = {path: rules for path in paths if (rules := self.loaded(path))}
        assert not left, f"still loaded for {name}: {left}"
        assert not self.states(*jail.addresses), f"states of {name} are left: {self.states(*jail.addresses)}"
        folders = [self.home.run / folder for folder in ("records", "starting")]
        files = [str(path) for folder in folders for path in folder.glob(f"{name}*")]
        assert not files, f"files of {name} are left: {files}"

    def together(self, commands: Sequence[list[str]]) -> list[Said]:
        """Run programs at the same time; what each said."""
        processes = []
        try:
            processes += [start(command) for command in commands]
            return [finish(one, argv, "", 180, False) for one, argv in zip(processes, commands, strict=True)]
        finally:
            for one in processes:
                if one.poll() is None:
                    one.kill()

    def _remove(self, jail: Jail) -> None:
        jails.remove(str(self.home.jail_conf), jail)

    def close(self) -> None:
        """Take everything away, also when one step fails."""
        self.stack.close()


def names(line: str, address: str) -> bool:
    """Whether a line of `pfctl -ss` is about that address."""
    words = line.replace("(", " ").replace(")", " ").split()
    if ":" in address:
        return any(word.partition("[")[0] == address for word in words)
    return any(word.partition(":")[0] == address for word in words)

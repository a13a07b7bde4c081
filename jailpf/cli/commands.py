"""Every command: its words, where its function is, and what --help says. The man page and the completions follow this."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Option:
    """One argument. flags: ("-n", "--dry-run") or the name of a positional one; words: "importers" where the adapters
    that can import are meant; the rest goes to argparse."""

    flags: tuple[str, ...]
    help: str
    nargs: str | int | None = None
    action: str = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    type: type | None = None
    default: str | int | None = None
    dest: str = ""
    words: str = ""


@dataclass(frozen=True)
class Command:
    """One command. target: "module:function" below jailpf.cli."""

    name: str
    target: str
    help: str
    example: str
    options: tuple[Option, ...] = ()
    json: bool = False
    subcommands: tuple[Command, ...] = field(default=())


JAIL = Option(("jail",), "the jail's name", metavar="JAIL")
JAILS = Option(("jails",), "names of jails", nargs="+", metavar="JAIL")
ANY_JAILS = Option(("jails",), "names of jails, all when there is none", nargs="*", metavar="JAIL")
SOME_JAILS = Option(("jails",), "names of jails, or --all", nargs="*", metavar="JAIL")
DRY = Option(("-n", "--dry-run"), "say what would be done and change nothing", action="store_true")
VERIFY = Option(("--verify",), "read back what was loaded", action="store_true")
ALL = Option(("--all",), "every declared jail", action="store_true")

MAIN = Option(("--main",), "a pf.conf to take for the main ruleset", metavar="FILE")
INTERFACES = Option(
    ("--interfaces",), "what ifconfig -a (and netstat -rn, sysctl) printed, in place of this host's", metavar="FILE"
)
INTERFACE = Option(
    ("--interface",),
    "an interface and its addresses, more than once if need be",
    action="append",
    metavar="IF=ADDRESS/LENGTH,...",
)
PF_CONF = (
    Option(("pf_conf",), "the pf.conf, - for standard input", metavar="FILE"),
    Option(("-a", "--anchor"), "read it as the rules of an anchor", metavar="ANCHOR"),
    Option(("-D", "--define"), "a macro that the file cannot change, more than once if need be", action="append", metavar="NAME=VALUE"),
    INTERFACES, INTERFACE,
)  # fmt: skip
DECLARED = Option(("--declared",), "take what is declared, not what is loaded", action="store_true")

COMMANDS = (
    Command("prestart", "hooks:prestart", "check a jail before it starts (exec.prepare)", "jailpf prestart dovecot", (JAIL,)),
    Command("created", "hooks:created", "load a jail's rules (exec.created)", "jailpf created dovecot", (JAIL,)),
    Command(
        "poststop", "hooks:poststop", "remove a jail's rules, tables and states (exec.poststop)", "jailpf poststop dovecot",
        (Option(("jail",), "the jail's name; none, or '', for all that run no more", nargs="?", metavar="JAIL"),),
    ),
    Command("load", "hand:load", "load jails by hand", "jailpf load dovecot", (JAILS, DRY, VERIFY)),
    Command("unload", "hand:unload", "unload jails by hand", "jailpf unload dovecot", (JAILS, DRY)),
    Command("reload", "hand:reload", "load jails again, keeping their tables and connections", "jailpf reload -n dovecot", (JAILS, DRY, VERIFY)),
    Command("sync", "hand:sync", "make pf what the declarations of the running jails say", "jailpf sync -n", (
        ANY_JAILS, DRY,
        Option(("--running",), "the names are those of jls(8); others than ours are passed over", action="store_true"),
    ), json=True),
    Command("render", "look:render", "print what would be loaded for a jail", "jailpf render dovecot", (JAIL,), json=True),
    Command("check", "check:check", "look for mistakes and conflicts in declarations", "jailpf check", (ANY_JAILS,), json=True),
    Command("diff", "diff:diff", "compare what is declared with what pf holds", "jailpf diff dovecot", (JAIL,), json=True),
    Command("table", "table:table", "show, change or refresh a table, in its file and in pf", "jailpf table dovecot insecure_mua add 192.0.2.7", (
        JAIL,
        Option(("name",), "the table", nargs="?", metavar="NAME"),
        Option(("action",), "what to do; `refresh` also of all tables of a jail, or of all jails", nargs="?", choices=("show", "add", "delete", "replace", "reload", "refresh", "expire")),
        Option(("addresses",), "addresses or networks; for expire: seconds", nargs="*", metavar="ADDRESS"),
        Option(("--empty",), "for replace: leave nobody in it", action="store_true"),
    ), json=True),
    Command("status", "status:status", "what is loaded, and its counters", "jailpf status dovecot", (ANY_JAILS,), json=True),
    Command("list", "look:list_jails", "the declared jails and their services", "jailpf list", (
        Option(("--names",), "only their names, one a line, without reading their files", action="store_true"),
        Option(("--tables",), "only the names of a jail's tables, one a line", metavar="JAIL"),
    ), json=True),
    Command("trace", "trace:trace", "say who gets a packet, and the way it goes", "jailpf trace tcp from 198.51.100.7 to ext_ip4 port 993", (
        Option(("words",), "[inet|inet6] PROTO from ADDRESS|jail NAME|host to ADDRESS|jail NAME|host|ext_ip4|ext_ip6 [port N] [on IF]", nargs="+", metavar="WORD"),
        MAIN, INTERFACES, INTERFACE, DECLARED,
    ), json=True),
    Command("reach", "reach:reach", "the whole answer: who reaches which service from where", "jailpf reach dovecot", (ANY_JAILS, MAIN, INTERFACES, INTERFACE, DECLARED), json=True),
    Command("pf", "", "any pf.conf, read as pfctl reads it", "jailpf pf check /etc/pf.conf", subcommands=(
        Command("check", "pfconf:check", "say whether pfctl would take a pf.conf", "jailpf pf check --interface em0=203.0.113.1/24 pf.conf", PF_CONF, json=True),
        Command("print", "pfconf:show", "print the rules of a pf.conf, as pfctl -o none -nvP does", "jailpf pf print --interfaces ifconfig.txt pf.conf", (
            *PF_CONF,
            Option(("--names",), "services by name, as pfctl without -P", action="store_true"),
        )),
    )),
    Command("plan", "plan:plan", "say what a change means in traffic, before it is loaded", "jailpf plan dovecot", (
        ANY_JAILS,
        Option(("--from",), "with --to: compare the declarations of two folders instead, without pf", metavar="DIR", dest="before"),
        Option(("--to",), "the folder as it will be", metavar="DIR", dest="after"),
        MAIN,
    ), json=True),
    Command("promises", "promises:promises", "check what must never, or always, be reachable", "jailpf promises", (
        Option(("--loaded",), "of what pf holds, instead of what is declared", action="store_true"),
        MAIN,
    ), json=True),
    Command("log", "log:log", "pf's log in the words of the declarations", "jailpf log --summary", (
        ANY_JAILS,
        Option(("-f", "--follow"), "go on as packets come", action="store_true"),
        Option(("--file",), "what pflogd(8) wrote, or lines of tcpdump; - for standard input (default /var/log/pflog)", metavar="FILE", dest="pflog"),
        Option(("--interface",), "with -f: which pflog(4) to listen on (default pflog0)", metavar="IF"),
        Option(("--summary",), "count by jail, source and port instead", action="store_true"),
    ), json=True),
    Command("top", "top:top", "services by packets, bytes and states, live", "jailpf top --sort bytes", (
        Option(("--sort",), "by which counter (default packets)", choices=("packets", "bytes", "states"), default="packets"),
        Option(("--every",), "seconds between two looks (default 2)", type=float, default=2, metavar="SECONDS"),
    )),
    Command("map", "map:chart", "draw who reaches whom", "jailpf map --html map.html", (
        Option(("--html",), "write a page to look at", metavar="FILE"),
        Option(("--dot",), "print a graph for Graphviz", action="store_true"),
        Option(("--mermaid",), "print a graph for Markdown", action="store_true"),
        DECLARED,
    )),
    Command("metrics", "metrics:metrics", "print numbers for Prometheus", "jailpf metrics", ()),
    Command("watch", "watch:watch", "do what sync does when a jail comes or goes", "jailpf watch", ()),
    Command("fleet", "fleet:fleet", "ask the reach of many hosts at once", "jailpf fleet reach.d --port 25", (
        Option(("folder",), "a folder with HOST.json of each host: what `jailpf reach --json` printed", metavar="DIR"),
        Option(("--port",), "what is reached on this port", type=int, metavar="PORT"),
        Option(("--proto",), "by this protocol", metavar="PROTO"),
        Option(("--jail",), "in these jails; * stands for any letters", metavar="PATTERN"),
        Option(("--from",), "by this sender: outside, or an address", metavar="WHOM", dest="sender"),
        Option(("--promises",), "which hosts break a promise of this file", metavar="FILE"),
    ), json=True),
    Command("init", "init:init", "print the lines for pf.conf, and write first settings", "jailpf init --ext-if em0", (
        Option(("--ext-if",), "write jailpf.toml for this external interface", metavar="IF"),
    )),
    Command("import", "import_:import_rules", "write declarations from what another tool has kept", "jailpf import -n pf.conf /etc/pf.conf", (
        Option(("kind",), "the adapter that reads it", metavar="NAME", words="importers"),
        Option(("sources",), "names of jails, all when there is none; or the folders that it reads", nargs="*", metavar="SOURCE"),
        DRY,
    ), json=True),
    Command("attach", "manage:attach", "write the hook lines of jails", "jailpf attach -n dovecot", (
        SOME_JAILS,
        ALL,
        Option(("--keep",), "leave the hook lines by which the jail's pf rules were loaded before", action="store_true"),
        DRY,
    ), json=True),
    Command("detach", "manage:detach", "remove the hook lines of jails", "jailpf detach --all", (SOME_JAILS, ALL, DRY), json=True),
    Command("new", "manage:new", "write a commented declaration", "jailpf new dovecot", (JAIL,)),
    Command("doctor", "doctor:doctor", "look for what is wrong with this host", "jailpf doctor", (), json=True),
    Command("plugins", "look:plugins", "the plugins, and what each brings", "jailpf plugins", (), json=True),
    Command("plugin", "", "start a plugin of your own", "jailpf plugin new office-hours", subcommands=(
        Command("new", "plugin:new", "write a working, tested plugin into a new folder", "jailpf plugin new office-hours", (
            Option(("name",), "the plugin's name: small letters, digits and '-'", metavar="NAME"),
            Option(("--into",), "the folder to make it in (default: here)", metavar="DIR"),
        )),
    )),
    Command("schema", "schema:schema", "print the JSON Schema that editors use", "jailpf schema jail", (
        Option(("kind",), "of a jail's file, or of jailpf.toml (default: jail)", nargs="?", choices=("jail", "host"), default="jail"),
    )),
)  # fmt: skip

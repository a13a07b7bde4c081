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
ANY_JAILS = Option(("jails",), "names of jails (default: all)", nargs="*", metavar="JAIL")
SOME_JAILS = Option(("jails",), "names of jails, or --all", nargs="*", metavar="JAIL")
DRY = Option(("-n", "--dry-run"), "show what would be done, and change nothing", action="store_true")
VERIFY = Option(("--verify",), "read back from pf what was loaded", action="store_true")
ALL = Option(("--all",), "all declared jails", action="store_true")

MAIN = Option(("--main",), "use this pf.conf as the main ruleset, instead of the loaded one", metavar="FILE")
INTERFACES = Option(
    ("--interfaces",),
    "the output of ifconfig -a (and netstat -rn, sysctl), to use instead of this host's",
    metavar="FILE",
)
INTERFACE = Option(
    ("--interface",),
    "an interface and its addresses; may be repeated",
    action="append",
    metavar="IF=ADDRESS/LENGTH,...",
)
PF_CONF = (
    Option(("pf_conf",), "the pf.conf, or - for standard input", metavar="FILE"),
    Option(("-a", "--anchor"), "read it as the rules of this anchor", metavar="ANCHOR"),
    Option(("-D", "--define"), "a macro that overrides the file's; may be repeated", action="append", metavar="NAME=VALUE"),
    INTERFACES, INTERFACE,
)  # fmt: skip
DECLARED = Option(("--declared",), "use what is declared, instead of what is loaded", action="store_true")

COMMANDS = (
    Command("init", "init:init", "print the lines that pf.conf needs, and write jailpf.toml", "jailpf init --ext-if em0", (
        Option(("--ext-if",), "write jailpf.toml for this external interface", metavar="IF"),
    )),
    Command("new", "manage:new", "write a commented declaration to start from", "jailpf new dovecot", (JAIL,)),
    Command("import", "import_:import_rules", "turn the rules of another tool into declarations", "jailpf import -n pf.conf /etc/pf.conf", (
        Option(("kind",), "where the rules come from", metavar="NAME", words="importers"),
        Option(("sources",), "names of jails (default: all), or the files and folders to read", nargs="*", metavar="SOURCE"),
        DRY,
    ), json=True),
    Command("attach", "manage:attach", "write the hook lines of jails", "jailpf attach -n dovecot", (
        SOME_JAILS,
        ALL,
        Option(("--keep",), "keep the hook lines that loaded the jail's pf rules before", action="store_true"),
        DRY,
    ), json=True),
    Command("detach", "manage:detach", "remove the hook lines of jails", "jailpf detach --all", (SOME_JAILS, ALL, DRY), json=True),
    Command("check", "check:check", "find mistakes and conflicts in declarations", "jailpf check", (ANY_JAILS,), json=True),
    Command("plan", "plan:plan", "show what a change means in traffic, before it is loaded", "jailpf plan dovecot", (
        ANY_JAILS,
        Option(("--from",), "with --to: compare the declarations in two folders, without pf", metavar="DIR", dest="before"),
        Option(("--to",), "the folder with the new declarations", metavar="DIR", dest="after"),
        MAIN,
    ), json=True),
    Command("render", "look:render", "print the pf rules that a declaration becomes", "jailpf render dovecot", (JAIL,), json=True),
    Command("diff", "diff:diff", "compare a declaration with the rules in pf", "jailpf diff dovecot", (JAIL,), json=True),
    Command("load", "hand:load", "load the rules of jails", "jailpf load dovecot", (JAILS, DRY, VERIFY)),
    Command("unload", "hand:unload", "remove the rules, tables and states of jails", "jailpf unload dovecot", (JAILS, DRY)),
    Command("reload", "hand:reload", "load the rules of jails again; tables and connections stay", "jailpf reload -n dovecot", (JAILS, DRY, VERIFY)),
    Command("sync", "hand:sync", "make pf match the declarations of the running jails", "jailpf sync -n", (
        ANY_JAILS, DRY,
        Option(("--running",), "the names are those of jls(8); skip jails that jailpf does not know", action="store_true"),
    ), json=True),
    Command("watch", "watch:watch", "run sync whenever a jail appears or disappears", "jailpf watch", ()),
    Command("table", "table:table", "show, change or refresh a table, in its file and in pf", "jailpf table dovecot insecure_mua add 192.0.2.7", (
        JAIL,
        Option(("name",), "the table", nargs="?", metavar="NAME"),
        Option(("action",), "what to do; `refresh` also works for all tables of a jail, or of all jails", nargs="?", choices=("show", "add", "delete", "replace", "reload", "refresh", "expire")),
        Option(("addresses",), "addresses or networks; for expire: seconds", nargs="*", metavar="ADDRESS"),
        Option(("--empty",), "with replace: leave the table empty", action="store_true"),
    ), json=True),
    Command("trace", "trace:trace", "show what pf does with one packet, rule by rule", "jailpf trace tcp from 198.51.100.7 to ext_ip4 port 993", (
        Option(("words",), "[inet|inet6] PROTO from ADDRESS|jail NAME|host to ADDRESS|jail NAME|host|ext_ip4|ext_ip6 [port N] [on IF]", nargs="+", metavar="WORD"),
        MAIN, INTERFACES, INTERFACE, DECLARED,
    ), json=True),
    Command("reach", "reach:reach", "list who can reach which service, and from where", "jailpf reach dovecot", (ANY_JAILS, MAIN, INTERFACES, INTERFACE, DECLARED), json=True),
    Command("promises", "promises:promises", "check what must never, or must always, be reachable", "jailpf promises", (
        Option(("--loaded",), "use what is loaded, instead of what is declared", action="store_true"),
        MAIN,
    ), json=True),
    Command("map", "map:chart", "draw who reaches whom", "jailpf map --html map.html", (
        Option(("--html",), "write a page for the browser", metavar="FILE"),
        Option(("--dot",), "print a graph for Graphviz", action="store_true"),
        Option(("--mermaid",), "print a graph for Markdown", action="store_true"),
        DECLARED,
    )),
    Command("list", "look:list_jails", "list the declared jails and their services", "jailpf list", (
        Option(("--names",), "print only their names, one a line, without reading their files", action="store_true"),
        Option(("--tables",), "print only the names of this jail's tables, one a line", metavar="JAIL"),
    ), json=True),
    Command("status", "status:status", "show what is loaded, with its counters", "jailpf status dovecot", (ANY_JAILS,), json=True),
    Command("doctor", "doctor:doctor", "find what is wrong with this host", "jailpf doctor", (), json=True),
    Command("log", "log:log", "explain the packets in pf's log by the declarations", "jailpf log --summary", (
        ANY_JAILS,
        Option(("-f", "--follow"), "wait for more packets", action="store_true"),
        Option(("--file",), "a file of pflogd(8), or output of tcpdump(1); - for standard input (default /var/log/pflog)", metavar="FILE", dest="pflog"),
        Option(("--interface",), "with -f: the pflog(4) interface to listen on (default pflog0)", metavar="IF"),
        Option(("--summary",), "count packets by jail, source and port", action="store_true"),
    ), json=True),
    Command("top", "top:top", "show the busiest services, live", "jailpf top --sort bytes", (
        Option(("--sort",), "the counter to sort by (default packets)", choices=("packets", "bytes", "states"), default="packets"),
        Option(("--every",), "seconds between updates (default 2)", type=float, default=2, metavar="SECONDS"),
    )),
    Command("metrics", "metrics:metrics", "print metrics for Prometheus", "jailpf metrics", ()),
    Command("prestart", "hooks:prestart", "check a jail's declaration before the jail starts (exec.prepare)", "jailpf prestart dovecot", (JAIL,)),
    Command("created", "hooks:created", "load the rules of a jail that was just created (exec.created)", "jailpf created dovecot", (JAIL,)),
    Command(
        "poststop", "hooks:poststop", "remove the rules, tables and states of a stopped jail (exec.poststop)", "jailpf poststop dovecot",
        (Option(("jail",), "the jail's name; without one, or with '', all jails that no longer run", nargs="?", metavar="JAIL"),),
    ),
    Command("fleet", "fleet:fleet", "query what `reach` has found on many hosts", "jailpf fleet reach.d --port 25", (
        Option(("folder",), "a folder with HOST.json for each host, the output of `jailpf reach --json`", metavar="DIR"),
        Option(("--port",), "show what is reached on this port", type=int, metavar="PORT"),
        Option(("--proto",), "show what is reached by this protocol", metavar="PROTO"),
        Option(("--jail",), "show what is reached in these jails; * matches any characters", metavar="PATTERN"),
        Option(("--from",), "show what this sender reaches: outside, or an address", metavar="WHOM", dest="sender"),
        Option(("--promises",), "show which hosts break a promise in this file", metavar="FILE"),
    ), json=True),
    Command("pf", "", "check or print any pf.conf, as pfctl reads it", "jailpf pf check /etc/pf.conf", subcommands=(
        Command("check", "pfconf:check", "check whether pfctl, as of release 15, would accept a pf.conf", "jailpf pf check --interface em0=203.0.113.1/24 pf.conf", PF_CONF, json=True),
        Command("print", "pfconf:show", "print the rules of a pf.conf, as pfctl -o none -nvP does", "jailpf pf print --interfaces ifconfig.txt pf.conf", (
            *PF_CONF,
            Option(("--names",), "print services by name, as pfctl does without -P", action="store_true"),
        )),
    )),
    Command("plugins", "look:plugins", "list the plugins and what each provides", "jailpf plugins", (), json=True),
    Command("plugin", "", "start a plugin of your own", "jailpf plugin new office-hours", subcommands=(
        Command("new", "plugin:new", "write a working, tested plugin into a new folder", "jailpf plugin new office-hours", (
            Option(("name",), "the plugin's name: lower-case letters, digits and '-'", metavar="NAME"),
            Option(("--into",), "the folder to create it in (default: the current one)", metavar="DIR"),
        )),
    )),
    Command("schema", "schema:schema", "print the JSON Schema for editors", "jailpf schema jail", (
        Option(("kind",), "the schema of a jail's file, or of jailpf.toml (default: jail)", nargs="?", choices=("jail", "host"), default="jail"),
    )),
)  # fmt: skip

GROUPS = {
    "set up": ("init", "new", "import", "attach", "detach"),
    "change": ("check", "plan", "render", "diff", "load", "unload", "reload", "sync", "watch", "table"),
    "see who gets in": ("trace", "reach", "promises", "map"),
    "see what happens": ("list", "status", "doctor", "log", "top", "metrics"),
    "hooks, called by jail(8)": ("prestart", "created", "poststop"),
    "more": ("fleet", "pf", "plugins", "plugin", "schema"),
}
"""{heading: commands}, as --help, the man page and the reference list them."""

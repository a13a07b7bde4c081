"""man/: clean mdoc, complete against the program itself, and every example in them works."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import doc_examples
import pytest

from jailpf.cli import main

MAN = Path(__file__).parents[2] / "man"
PAGES = sorted(MAN.glob("*.[1-9]"))
OURS = {page.name for page in PAGES}
FREEBSD = {
    *(
        "pf.4",
        "jail.conf.5",
        "pf.conf.5",
        "rc.conf.5",
        "jail.8",
        "jls.8",
        "pfctl.8",
        "pflog.4",
        "tcpdump.1",
        "cron.8",
        "ifconfig.8",
        "periodic.8",
        "netstat.1",
        "sysctl.8",
        "service.8",
        "syslog.3",
    ),
}
EACH = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def run(*argv: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in argv], capture_output=True, text=True, timeout=60, check=False, cwd=more.get("cwd")
    )


def mandoc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    path = shutil.which("mandoc")
    if path is None:
        pytest.skip("mandoc is not installed; `apt-get install mandoc`")
    return run(path, *arguments)


def source(name: str) -> str:
    return (MAN / name).read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    """The mdoc of one section of a page."""
    found = re.search(rf"(?ms)^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)", source(name))
    assert found, f"{name} has no section {title}"
    return found[1]


def examples(name: str) -> list[str]:
    """The literal blocks of a page."""
    blocks = re.findall(r"(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", source(name))
    return [block.replace("\\e", "\\") for block in blocks]


@EACH
def test_mandoc_finds_nothing_to_complain_about(page: Path) -> None:
    """Except that the pages of FreeBSD are not on this machine."""
    found = mandoc("-Tlint", page)
    complaints = [line for line in found.stdout.splitlines() if "referenced manual not found" not in line]
    assert complaints == []


@EACH
def test_every_reference_is_to_a_page_that_exists(page: Path) -> None:
    named = {f"{name}.{number}" for name, number in re.findall(r"(?m)^\.Xr (\S+) (\d)", page.read_text())}
    assert named <= OURS | FREEBSD
    also = re.findall(r"(?m)^\.Xr (\S+) (\d)( ,)?$", section(page.name, "SEE ALSO"))
    assert also == sorted(also, key=lambda one: (one[1], one[0])), "by section, then by name"


@EACH
def test_it_reads_well_on_a_terminal_of_eighty_columns(page: Path) -> None:
    text = re.sub(".\b", "", mandoc("-Tascii", "-Owidth=78", page).stdout)
    assert text
    assert not re.search(r"[^ .][ \n]+,[A-Za-z]", text), "a comma that lost its blank"


def test_every_command_of_the_program_is_in_the_page() -> None:
    commands = pytest.importorskip("jailpf.cli.commands").COMMANDS
    described = set(re.findall(r"(?m)^\.It Cm (\S+)", source("jailpf.8")))
    assert {command.name for command in commands} <= described


def test_the_page_invents_no_command_and_no_option() -> None:
    """What the page calls a command is one, and every option that it names is one of the program or of a program it names."""
    commands = pytest.importorskip("jailpf.cli.commands").COMMANDS
    described = set(re.findall(r"(?m)^\.It Cm (\w+)\b(?! \|)", source("jailpf.8")))
    assert described == {command.name for command in commands}
    inner = [one for command in commands for one in (command, *command.subcommands)]
    known = {flag for one in inner for option in one.options for flag in option.flags}
    known |= {"-c", "--pf", "--run", "--plans", "-v", "--json"}
    named = {f"-{flag}" for flag in re.findall(r"\bFl (-?\w[\w-]*)", source("jailpf.8"))}
    assert named <= known


def test_every_exit_status_of_the_program_is_in_the_page() -> None:
    errors = pytest.importorskip("jailpf.errors")
    statuses = {one.status for _, one in inspect.getmembers(errors, inspect.isclass) if hasattr(one, "status")}
    listed = set(map(int, re.findall(r"(?m)^\.It (\d+)$", section("jailpf.8", "EXIT STATUS"))))
    assert statuses | {0, 1} == listed


def test_the_key_tables_are_those_of_the_declarations() -> None:
    pytest.importorskip("jailpf_plugins")
    done = run(sys.executable, MAN / "keys.py", "--check")
    assert (done.returncode, done.stderr) == (0, ""), "run `python man/keys.py`"


def test_every_hook_and_every_name_of_the_api_is_in_the_page() -> None:
    hookspecs = pytest.importorskip("jailpf.hookspecs")
    plugin = pytest.importorskip("jailpf.plugin")
    text = source("jailpf-plugins.7")
    hooks = {name for name, _ in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("jailpf_")}
    assert hooks == set(re.findall(r"(?m)^\.It Fn (jailpf_\w+)", text))
    assert f".Ql jailpf.plugin.API_VERSION\nis {plugin.API_VERSION}." in text
    values = {name for name in plugin.__all__ if hasattr(getattr(plugin, name), "parse")}
    assert {name for name in values if not re.search(rf"\b{name}\b", text)} == set()


def declarations() -> list[tuple[str, str]]:
    """(jail, text) of every example of a declaration."""
    found = []
    for block in examples("jailpf.toml.5"):
        if "[host]" not in block:
            named = re.match(r"# jails/(\w+)\.toml\n", block)
            found.append((named[1] if named else "example", block))
    plugins = [block for block in examples("jailpf-plugins.7") if block.startswith("[service.")]
    return found + [("plugin", block) for block in plugins]


class Host:
    """A host with the simulated pf, run by the command line itself."""

    def __init__(self, root: Path, *settings: str) -> None:
        pytest.importorskip("jailpf.cli")
        self.root = root
        root.chmod(0o755)
        (root / "jails").mkdir()
        text = "\n".join(settings) or '[host]\next_if = "em0"\nnat = "(em0:0)"\n'
        (root / "jailpf.toml").write_text(text)
        (root / "jails" / "insecure_mua.table").write_text("192.0.2.1\n")

    def declare(self, jail: str, text: str) -> None:
        if "[jail]" not in text:
            text += '\n[jail]\nip4 = "10.0.0.5"\nip6 = "fd00::5"\n'
        (self.root / "jails" / f"{jail}.toml").write_text(text)

    def __call__(self, *words: str, process: bool = False) -> subprocess.CompletedProcess[str]:
        """Within this process, unless a plugin is to be found in the folder."""
        options = ("-c", str(self.root / "jailpf.toml"), "--run", str(self.root / "run"), "--pf", "simulated")
        if process:
            return run(sys.executable, "-m", "jailpf", *options, *words, cwd=str(self.root))
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([*options, *words])
        return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


@pytest.mark.parametrize(("jail", "text"), [one for one in declarations() if one[0] != "plugin"])
def test_every_declaration_in_the_pages_can_be_loaded(jail: str, text: str, tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.declare(jail, text)
    done = host("load", jail)
    assert (done.returncode, done.stderr) == (0, "")
    assert host("render", jail).stdout


@pytest.mark.parametrize("text", [block for block in examples("jailpf.toml.5") if "[host]" in block])
def test_the_settings_in_the_pages_are_settings(text: str, tmp_path: Path) -> None:
    host = Host(tmp_path, text)
    host.declare("web", "[service.http]\nport = 80\n")
    done = host("check")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_lines_for_pf_conf_are_those_that_init_prints(tmp_path: Path) -> None:
    host = Host(tmp_path, '[host]\next_if = "em0"\n')
    lines = [block for block in examples("jailpf.8") if "rdr-anchor" in block]
    assert len(lines) == 1
    printed = [line.split("  ")[0].strip() for line in host("init").stdout.splitlines()]
    assert [line.strip() for line in lines[0].splitlines()] == printed


def test_the_declaration_in_the_example_of_the_command_line_is_one() -> None:
    text = next(block for block in examples("jailpf.8") if "<<'END'" in block)
    assert tomllib.loads(text.split("<<'END'\n")[1].split("END\n")[0])["service"]["imaps"]["port"] == [993, 995]


def test_the_examples_of_the_command_line_work(tmp_path: Path) -> None:
    """In order, from an empty host with the jail in its jail.conf; what `attach` wrote are the hooks that the page shows."""
    (tmp_path / "etc").mkdir()
    host = doc_examples.Host(tmp_path)
    host.write("jail.conf", 'dovecot {\n    ip4.addr = "10.0.0.5";\n}\n')
    blocks = [text for text in examples("jailpf.8") if "anchor" not in text]
    first, wrote, *others = blocks
    settings, _, rest = first.partition("cat > ")
    name, _, rest = rest.partition(" <<'END'\n")
    declared, _, rest = rest.partition("END\n")
    for line in settings.splitlines():
        host.shell(line)
    host.write(name.removeprefix(doc_examples.ETC + "/"), declared)
    for line in [*rest.splitlines(), *(line for text in others for line in text.splitlines()), "jailpf sync"]:
        host.shell(line)
    hooks = re.findall(
        r"(exec\.\w+) \+= .*?(prestart|created|poststop) \$name", (tmp_path / "etc/jail.conf").read_text()
    )
    assert hooks == re.findall(r"(exec\.\w+) \+= .*?(prestart|created|poststop) \$name", wrote)
    assert len(hooks) == 3


def test_the_commands_in_the_examples_can_be_understood() -> None:
    parser = pytest.importorskip("jailpf.cli.parser")
    known = {command.name for command in pytest.importorskip("jailpf.cli.commands").COMMANDS}
    for block in examples("jailpf.8"):
        for line in block.splitlines():
            if line.startswith("jailpf ") and known & set(line.split()):
                assert parser.parse(line.split()[1:])


def test_the_rule_type_in_the_page_works_as_it_says(tmp_path: Path) -> None:
    """Installed as a distribution would be, named by the settings, and asked for the rules of its declaration."""
    host = Host(tmp_path, 'plugins = ["refuse"]\n[host]\next_if = "em0"\n')
    code = next(block for block in examples("jailpf-plugins.7") if "class Refuse" in block)
    (tmp_path / "refuse_plugin.py").write_text(code)
    info = tmp_path / "refuse_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: refuse-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[jailpf]\nrefuse = refuse_plugin\n")
    host.declare("web", next(text for jail, text in declarations() if jail == "plugin"))
    done = host("render", "web", process=True)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    block = next(number for number, line in enumerate(lines) if line.startswith("block in quick inet proto tcp"))
    assert "from 192.0.2.0/24 to 10.0.0.5 port 80" in lines[block]
    assert all(not line.startswith("pass") for line in lines[:block])


def test_the_veto_in_the_page_is_one() -> None:
    jail = pytest.importorskip("jailpf.plugin").Jail
    plugin = pytest.importorskip("jailpf.plugin")
    code = next(block for block in examples("jailpf-plugins.7") if "VetoError" in block)
    names: dict[str, object] = {}
    exec(compile(code, "jailpf-plugins.7", "exec"), names)
    hook = names["jailpf_prestart"]
    assert callable(hook)
    with pytest.raises(plugin.VetoError, match="web has no IPv6 address"):
        hook(jail(name="web"))

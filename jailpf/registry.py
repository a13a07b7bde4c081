"""The plugin manager: built-ins registered directly, third parties only when jailpf.toml names them."""

from __future__ import annotations

import inspect
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pluggy

from jailpf import hookspecs
from jailpf.compile.made import checked
from jailpf.declare.foreign import foreign, guarded, raised_at
from jailpf.declare.rules import RuleType
from jailpf.errors import ConfigError, JailpfError, PluginError, Problem, VetoError
from jailpf.system import installed
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jailpf.declare.services import Services
    from jailpf.declare.settings import Settings
    from jailpf.errors import Place
    from jailpf.managers.adapter import Adapter
    from jailpf.model import Jail, Rule, Table

MISTAKES = (AttributeError, NameError, TypeError, LookupError, ImportError, ArithmeticError, SyntaxError)
"""Exceptions that nobody raises on purpose: the plugin has a bug."""
RESERVED = ("service", "jail", "proto", "port", "from")


class Registry:
    """{keyword: RuleType}, {name: Adapter} and the hooks. Made by `build`."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager("jailpf")
        self.manager.add_hookspecs(hookspecs)
        self.rule_types: dict[str, type[RuleType]] = {}
        self.adapter_types: dict[str, type[Adapter]] = {}
        self.waiting: dict[str, str] = {}
        """{adapter: the module that brings it}: jailpf's own, imported when they are asked for."""
        self.owners: dict[str, str] = {}
        self.foreign: set[str] = set()
        self.failed: list[Problem] = []

    def add(self, plugin: object, name: str, *, third_party: bool = True) -> None:
        """Register a plugin and take up its rule types and adapters. Raises PluginError."""
        if third_party:
            self._hook_names(plugin, name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pluggy.PluggyWarning)
                self.manager.register(plugin, name)
                self.manager.check_pending()
            for rule_type in self._ask(plugin, "jailpf_rule_types"):
                self._rule_type(rule_type, name, third_party)
            for adapter in self._ask(plugin, "jailpf_adapters"):
                self._own(f"adapter {adapter.name}", name)
                self.adapter_types[adapter.name] = adapter
            if third_party:
                self.foreign.add(name)
        except PluginError:
            raise
        except (Exception, SystemExit) as wrong:
            raise _broken(name, wrong) from wrong

    def _ask(self, plugin: object, hook: str) -> Iterable[Any]:
        implementation = getattr(plugin, hook, None)
        return implementation() or () if implementation else ()

    def _hook_names(self, plugin: object, name: str) -> None:
        """Every hook of the plugin is one that jailpf calls, and is marked as one."""
        known = [hook for hook in vars(hookspecs) if hook.startswith("jailpf_")]
        for attribute, value in inspect.getmembers(plugin, inspect.isroutine):
            marked = hasattr(value, "jailpf_impl")
            if marked and attribute not in known:
                near = did_you_mean(attribute, known) or f"the hooks are {', '.join(known)}"
                sentence = f"the plugin {name!r} implements {attribute}, which is not a hook of jailpf"
                raise PluginError(sentence, None, f"{near}; fix the plugin, or remove it from `plugins` in jailpf.toml")
            if marked and attribute in known:
                offered = list(inspect.signature(getattr(hookspecs, attribute)).parameters)
                for argument in inspect.signature(value).parameters:
                    if argument not in offered and argument != "self":
                        near = did_you_mean(argument, offered) if offered else "it has none"
                        sentence = (
                            f"{attribute} of the plugin {name!r} asks for {argument!r}, which that hook does not pass"
                        )
                        raise PluginError(sentence, None, near)
            if attribute in known and not marked:
                raise PluginError(
                    f"{attribute} of the plugin {name!r} is never called", None, "write @hookimpl above it"
                )

    def _rule_type(self, rule_type: Any, name: str, third_party: bool) -> None:
        if not (isinstance(rule_type, type) and issubclass(rule_type, RuleType) and rule_type.keyword):
            raise PluginError(f"the plugin {name!r} offers {rule_type!r}, which is not a RuleType with a keyword")
        if rule_type.keyword in RESERVED:
            raise PluginError(
                f"the plugin {name!r} offers the rule type {rule_type.keyword!r}; that word is jailpf's own"
            )
        self._own(f"rule type {rule_type.keyword}", name)
        if rule_type.render is RuleType.render:
            raise PluginError(f"the rule type {rule_type.keyword!r} of the plugin {name!r} has no render()")
        rule_type.plugin = name if third_party else ""
        self.rule_types[rule_type.keyword] = rule_type

    def _own(self, what: str, name: str) -> None:
        if (other := self.owners.setdefault(what, name)) != name:
            raise PluginError(
                f"two plugins provide the {what}: {other!r} and {name!r}",
                remedy="remove one from `plugins` in jailpf.toml",
            )

    def adapters(self, settings: Settings) -> list[Adapter]:
        """The adapters that the settings name, in their order. Raises PluginError for one that nobody brings."""
        known = self.adapter_names()
        for number, name in enumerate(settings.adapters):
            if name not in known:
                place = settings.place("adapters", number)
                raise PluginError(f"no plugin provides the adapter {name!r}", place, did_you_mean(name, known))
        self._check_tables(settings)
        return self.make(settings, settings.adapters)

    def make(self, settings: Settings, names: Sequence[str], beside: Sequence[Adapter] = ()) -> list[Adapter]:
        """Adapters of these names, each knowing the others and those `beside` it."""
        made, found = [], list(beside)
        for name in names:
            owner = self.owners[f"adapter {name}"]
            owner = owner if owner in self.foreign else ""
            with foreign(owner, f"adapter {name}: __init__"):
                made.append(self.adapter_type(name)(settings))
            found.append(guarded(made[-1], owner))
        for adapter in made:
            adapter.adapters = found
        return found[len(beside) :]

    def adapter_names(self) -> list[str]:
        """The adapters that there are, in use or not."""
        return [*self.waiting, *(name for name in self.adapter_types if name not in self.waiting)]

    def adapter_type(self, name: str) -> type[Adapter]:
        """One of them. Raises KeyError for a name that is not among them."""
        if name not in self.adapter_types and name in self.waiting:
            from importlib import import_module

            brought = import_module(self.waiting[name]).jailpf_adapters()
            self.adapter_types.update({one.name: one for one in brought})
        return self.adapter_types[name]

    def manager_keys(self) -> dict[str, type[Any]]:
        """{adapter: the keys of its own table}, for those that have one."""
        found = {name: self.adapter_type(name).keys for name in self.adapter_names()}
        return {name: cls for name, cls in found.items() if cls is not None}

    def _check_tables(self, settings: Settings) -> None:
        """Raise ConfigError for a table [managers.NAME] that no adapter reads, or that holds what it does not take."""
        tables = (
            {name.replace(".", "_"): (name, cls) for name, cls in self.manager_keys().items()}
            if settings.managers
            else {}
        )
        for table in settings.managers:
            if table not in tables:
                nearest = did_you_mean(table, tables) or "there are " + ", ".join(f"[managers.{one}]" for one in tables)
                place = settings.place("managers", table)
                raise ConfigError(f"[managers.{table}] belongs to no adapter", place, nearest)
            settings.of_manager(*tables[table])

    def check_exposed(self, settings: Settings) -> None:
        """Raises ConfigError when `expose` names what is no rule type of services: they would lie open or closed."""
        scoped = [keyword for keyword, one in self.rule_types.items() if one.scope == "service"]
        for number, keyword in enumerate(settings.expose):
            if keyword not in scoped:
                why = "belongs to jails, not to services" if keyword in self.rule_types else "is not a rule type"
                place = settings.place("expose", number)
                raise ConfigError(f"{keyword!r} in `expose` {why}", place, did_you_mean(keyword, scoped))

    def prestart(self, jail: Jail, services: Services) -> None:
        """Call the listeners. Raises VetoError with the plugin's name when one refuses."""
        for name, call in self._listeners("jailpf_prestart", jail=jail, services=services):
            try:
                call()
            except JailpfError as wrong:
                raise VetoError(
                    [problem._replace(message=f"{name}: {problem.message}") for problem in wrong.problems]
                ) from wrong
            except MISTAKES as wrong:
                what = f"the plugin {name!r} failed in jailpf_prestart for {jail.name}: {type(wrong).__name__}: {wrong}"
                remedy = "fix the plugin, or remove it from `plugins` in jailpf.toml"
                raise VetoError(f"{what} ({raised_at(wrong)})", None, remedy) from wrong
            except (Exception, SystemExit) as wrong:
                raise VetoError(f"the plugin {name!r} refuses the start of {jail.name}: {wrong}") from wrong

    def created(self, jail: Jail, services: Services) -> list[Rule | Table]:
        """What the listeners add. Raises PluginError with the plugin's name."""
        found: list[Rule | Table] = []
        for name, call in self._listeners("jailpf_created", jail=jail, services=services):
            with foreign(name, f"jailpf_created for {jail.name}", services.place()):
                made = list(call() or ())
                checked(made)
            found += made
        return found

    def poststop(self, jail: Jail) -> list[Problem]:
        """Tell the listeners; what goes wrong comes back."""
        problems = list(self.failed)
        for name, call in self._listeners("jailpf_poststop", jail=jail):
            try:
                with foreign(name, f"jailpf_poststop for {jail.name}"):
                    call()
            except JailpfError as wrong:
                problems += wrong.problems
        return problems

    def listens(self, hook: str) -> bool:
        """Whether anybody implements the hook."""
        return bool(getattr(self.manager.hook, hook).get_hookimpls())

    def _listeners(self, hook: str, **arguments: object) -> Iterator[tuple[str, Any]]:
        implementations = getattr(self.manager.hook, hook).get_hookimpls()
        for one in sorted(implementations, key=lambda each: each.plugin_name):
            chosen = {name: arguments[name] for name in one.argnames if name in arguments}
            yield one.plugin_name, lambda one=one, chosen=chosen: one.function(**chosen)


def build(
    plugins: Sequence[str] = (), *, forgiving: bool = False, place: Callable[[int], Place | None] | None = None
) -> Registry:
    """The registry with all built-ins and the named third-party plugins.

    place: where the plugin of that number is named. Raises PluginError for a plugin that cannot be loaded; with
    `forgiving` (poststop) it is noted in `failed`.
    """
    import jailpf_adapters
    import jailpf_plugins

    registry = Registry()
    for module in jailpf_plugins.BUILT_IN:
        registry.add(module, f"jailpf's {module.__name__.rpartition('.')[2]}", third_party=False)
    registry.waiting = dict(jailpf_adapters.BUILT_IN)
    registry.owners.update({f"adapter {name}": "jailpf's adapters" for name in registry.waiting})
    for number, name in enumerate(plugins):
        try:
            if name in plugins[:number]:
                raise PluginError(f"`plugins` names {name!r} twice", None, "name it once")
            registry.add(_load(name), name)
        except PluginError as wrong:
            where = place(number) if place else None
            problems = [one._replace(place=one.place or where) for one in wrong.problems]
            if not forgiving:
                raise PluginError(problems) from wrong
            registry.failed += problems
    return registry


def _load(name: str) -> object:
    found = [entry for entry in installed.all_entry_points() if entry.name == name]
    if not found:
        raise PluginError(f"the plugin {name!r} is not installed", None, _not_installed(name))
    if len({entry.value for entry in found}) > 1:
        brought = " and ".join(sorted(f"{installed.distribution(entry)} ({entry.value})" for entry in found))
        raise PluginError(
            f"two installed distributions provide a plugin {name!r}: {brought}", None, "uninstall one of them"
        )
    try:
        return found[0].load()
    except (Exception, SystemExit) as wrong:
        raise _broken(name, wrong) from wrong


def _not_installed(name: str) -> str:
    if others := installed.of_distribution(name):
        return (
            f'that is the name of a distribution; its plugin is called {others[0]!r}: write plugins = ["{others[0]}"]'
        )
    near = did_you_mean(name, installed.entry_points())
    return near or "install it, or remove it from `plugins` in jailpf.toml"


def _broken(name: str, wrong: BaseException) -> PluginError:
    remedy = "fix the plugin, or remove it from `plugins` in jailpf.toml"
    if isinstance(wrong, ModuleNotFoundError) and wrong.name:
        remedy = f"{wrong.name} must be installed for {sys.executable}; or remove {name} from `plugins` in jailpf.toml"
    what = " ".join(str(wrong).split())
    return PluginError(f"the plugin {name!r} cannot be loaded: {type(wrong).__name__}: {what}", None, remedy)

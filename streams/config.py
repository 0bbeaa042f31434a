"""Where the settings come from: defaults, ``airlock.toml``, ``AIRLOCK_…`` variables, flags; each over the one before.

Every value's origin is kept, and what nobody knows is refused by name: a misspelt setting that is silently ignored is a
watchdog that isn't watching.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from schemas.errors import UsageError
from streams.settings import Settings

__all__ = ["CONFIG_FILE", "OTHER_VARIABLES", "Loaded", "load_settings", "setting_names"]

CONFIG_FILE = "airlock.toml"
"""Read from the current folder unless another file is named."""

OTHER_VARIABLES = {
    "AIRLOCK_CONFIG": "the configuration file, as --config",
    "AIRLOCK_DEBUG": "any value: errors come with their traceback",
}
"""Variables of our prefix that are no settings."""

_PREFIX = "AIRLOCK_"
_Path = tuple[str, ...]


class _Environment(Settings, BaseSettings):
    """The settings' fields as pydantic-settings reads them from variables."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter="__", env_ignore_empty=True)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force, and where each dotted name's value came from."""

    settings: Settings
    origins: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, object, str]]:
        """``(name, value, origin)`` of every setting in the order of its declaration, secrets masked."""
        for path, value in _leaves(self.settings.model_dump(mode="python")):
            yield ".".join(path), _shown(value), self.origins.get(".".join(path), "default")


@dataclass(frozen=True, slots=True)
class _Layer:
    """One source's values; ``names`` spells a path as that source does."""

    origin: str
    values: Mapping[str, Any]
    names: Mapping[_Path, str]

    def name_of(self, path: _Path) -> str | None:
        return next((self.names[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.names), None)


def load_settings(config: Path | None = None, flags: Mapping[str, tuple[str, object]] | None = None) -> Loaded:
    """The settings from all sources.

    ``config`` names the file (without it: ``AIRLOCK_CONFIG``, else ``airlock.toml`` where there is one); ``flags`` maps
    a dotted setting to the flag's spelling and its value: ``{"kafka.bootstrap": ("--bootstrap", "k:9092")}``.

    Raises:
        UsageError: naming the file that can't be read, or the unknown key or bad value and where it stands.
    """
    layers = [*_from_file(config), _from_environment(), _from_flags(flags or {})]
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        _merge(merged, layer.values)
        for path, _ in _leaves(layer.values):
            origins[".".join(path)] = layer.name_of(path) or layer.origin
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise UsageError(_explain(error, origins)) from None
    _refuse_unknown_formats(settings, origins)
    return Loaded(settings, origins)


def setting_names(*, sections: bool = False) -> list[str]:
    """The dotted names of all settings, and of their sections where asked for."""
    return [".".join(path) for path, annotation in _fields() if sections or not _is_section(annotation)]


def _from_file(config: Path | None) -> list[_Layer]:
    named = config or (Path(value) if (value := os.environ.get("AIRLOCK_CONFIG")) else None)
    path = named or Path(CONFIG_FILE)
    if named is None and not path.exists():
        return []
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not valid TOML: it is not UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"the configuration file {path} can't be read: {error.strerror}") from None
    return [_Layer(str(path), values, {})]


def _from_environment() -> _Layer:
    known = {_variable(path): path for path, _ in _fields()}
    given = {name: _known_path(name, known) for name in sorted(os.environ) if _is_setting(name)}
    try:
        values = EnvSettingsSource(_Environment)()
    except SettingsError:
        raise UsageError(f"{_not_json(given)}: is not valid JSON") from None
    return _Layer("environment", values, {path: name for name, path in given.items()})


def _is_setting(name: str) -> bool:
    return name.upper().startswith(_PREFIX) and name.upper() not in OTHER_VARIABLES


def _known_path(name: str, known: Mapping[str, _Path]) -> _Path:
    upper = name.upper()
    if upper in known:
        return known[upper]
    for path, annotation in _fields():  # a map takes any key below it
        if get_origin(annotation) is dict and upper.startswith(above := f"{_variable(path)}__"):
            return (*path, upper.removeprefix(above).lower())
    hint = _suggest(upper, known, "__", _PREFIX)
    raise UsageError(f"the environment variable {name} is not an Airlock setting{hint}")


def _not_json(given: Mapping[str, _Path]) -> str:
    """The variable that should be JSON and isn't; pydantic-settings tells only the section that it is in."""
    structured = {path for path, kind in _fields() if _is_section(kind) or get_origin(kind) in {dict, list, tuple}}
    return next((name for name, path in given.items() if path in structured and not _is_json(os.environ[name])), "?")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _from_flags(flags: Mapping[str, tuple[str, object]]) -> _Layer:
    values: dict[str, Any] = {}
    for name, (_, value) in flags.items():
        *sections, last = name.split(".")
        target = values
        for section in sections:
            target = target.setdefault(section, {})
        target[last] = value
    return _Layer("flags", values, {tuple(name.split(".")): flag for name, (flag, _) in flags.items()})


def _variable(path: _Path) -> str:
    return _PREFIX + "__".join(path).upper()


def _fields(model: type[BaseModel] = Settings, above: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    """Every section and setting with its type, a section before what is in it."""
    for name, field in model.model_fields.items():
        path = (*above, name)
        yield path, field.annotation
        if _is_section(field.annotation):
            yield from _fields(cast("type[BaseModel]", field.annotation), path)


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _leaves(values: Mapping[str, Any], above: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    for name, value in values.items():
        path = (*above, str(name))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def _merge(target: dict[str, Any], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        else:
            target[name] = dict(value) if isinstance(value, Mapping) else value


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    """One sentence on the first mistake; the value itself isn't quoted, for it may be a secret."""
    first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
    parts = [str(part) for part in first["loc"]]
    name = ".".join(parts)
    origin = next((origins[at] for end in range(len(parts), 0, -1) if (at := ".".join(parts[:end])) in origins), None)
    origin = origin or next((origins[at] for at in origins if at.startswith(f"{name}.")), "the settings")
    if first["type"] == "extra_forbidden":
        hint = _suggest(name, setting_names(sections=True), ".")
        return f"{origin}: {name} is not an Airlock setting{hint}"
    message = first["msg"].removeprefix("Value error, ")
    exact = origin.startswith("--") or origin.upper() == _variable(tuple(parts))
    return f"{origin}{'' if exact else f': {name}'}: {message[:1].lower()}{message[1:]}"


def _suggest(name: str, known: Iterable[str], separator: str, prefix: str = "") -> str:
    """The likely name, else the names beside it."""
    names = [other.removeprefix(prefix) for other in known]
    name = name.removeprefix(prefix)
    deep = [other for other in names if other.count(separator) >= name.count(separator)]
    if close := get_close_matches(name, deep, n=1, cutoff=0.7):
        return f"; did you mean {prefix}{close[0]}?"
    above = name.rpartition(separator)[0] + separator
    beside = [other for other in names if other.startswith(above)] if above != separator else []
    beside = beside or [other for other in names if separator not in other]
    return f"; known are {', '.join(prefix + other for other in beside)}"


def _refuse_unknown_formats(settings: Settings, origins: Mapping[str, str]) -> None:
    if not settings.sources:
        return
    from streams.formats import FORMATS  # noqa: PLC0415 - only who maps source topics pays for the parsers

    known = ["auto", *FORMATS]
    for topic, name in settings.sources.items():
        if name not in known:
            origin = origins.get(f"sources.{topic}", "the settings")
            raise UsageError(f"{origin}: sources.{topic}: {name!r} is no known format; known are {', '.join(known)}")


def _shown(value: object) -> object:
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, Path):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else json.loads(json.dumps(value, default=str))

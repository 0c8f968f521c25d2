"""Settings from the environment and from a file: each has the name of its option."""

import re
from pathlib import Path
from typing import Any

import click

from ..errors import UsageError

# Settings that name the file of a key or a certificate: relative to the folder of the settings, wherever one works.
_FILES = (
    "trust",
    "trust-timestamps",
    "identity",
    "certificate",
    "passphrase-file",
    "tsa-certificate",
    "oidc-client-secret-file",
    "smtp-password-file",
)
# Settings that have one environment variable for all commands, which work with the same archive.
_COMMON = ("archive", "archive-key", "archive-index", "retention")
_SHARED = "MAILMART_PRIVACY"
_NO_FILE = re.compile(r"pkcs11:.*|awskms:.*|-|(sha256:)?[0-9a-fA-F:]{64,95}", re.DOTALL)


def option_names(command: click.Command) -> dict[str, str]:
    """List the settings of a command: the long name of each option, and the parameter that it fills."""
    return {
        max(parameter.opts, key=len).lstrip("-"): str(parameter.name)
        for parameter in command.params
        if isinstance(parameter, click.Option)
    }


def name_variables(command: click.Command, prefix: str) -> None:
    """Name the environment variable of each option after the option, not after its parameter."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            option = max(parameter.opts, key=len).lstrip("-")
            name = option.replace("-", "_").upper()
            parameter.envvar = [f"{prefix}_{name}", *([f"{_SHARED}_{name}"] if option in _COMMON else [])]
            parameter.allow_from_autoenv = False
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            name_variables(below, f"{prefix}_{name.upper()}")


def read_settings(place: Path, commands: "list[str]", invoked: str, command: click.Command) -> dict[str, Any]:
    """Read the settings of one command from a file with a table for each.

    Args:
        place: the file.
        commands: the tables that it may have.
        invoked: the name of the command that runs.
        command: that command.

    Returns:
        Its settings by parameter, as Click looks them up.

    Raises:
        UsageError: there is no such file, it is not TOML, or it sets something that no command has.
    """
    import tomllib

    from .reading import read_small

    try:
        settings = tomllib.loads(read_small(str(place)).decode("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{place}: there is no such file; give settings with --config FILE") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{place} is not TOML: {error}") from None
    except RecursionError:
        raise UsageError(f"{place} is not read: its values are nested too deeply") from None
    unknown = sorted(set(settings) - set(commands))
    if unknown:
        raise UsageError(f"{place}: unknown table [{unknown[0]}]; there is one for each command")
    found = _by_parameter(settings.get(invoked, {}), command, f"{place}: [{invoked}]", place.absolute().parent)
    return {invoked: found}


def _by_parameter(table: object, command: click.Command, place: str, folder: Path) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise UsageError(f"{place} is not a table; write its settings below it, one on each line")
    options = option_names(command)
    below = command.commands if isinstance(command, click.Group) else {}
    found: dict[str, Any] = {}
    for name, value in table.items():
        if name in below:
            found[name] = _by_parameter(value, below[name], f"{place[:-1]}.{name}]", folder)
        elif name not in options:
            known = sorted({*options, *below})
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1)
            ask = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known) or 'none'}"
            raise UsageError(f"{place} has no setting {name!r}; {ask}")
        elif isinstance(value, dict):
            raise UsageError(f"{place} {name} is a table; give a value")
        else:
            found[options[name]] = _beside(value, folder) if name in _FILES else value
    return found


def _beside(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_beside(each, folder) for each in value]
    if not isinstance(value, str) or _NO_FILE.fullmatch(value):
        return value
    return str(folder / Path(value).expanduser())

"""The root command: settings, errors in one line, and commands that are imported when they run."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from .._version import __version__
from ..errors import ExitCode, PrivacyError
from .help import GroupedCommands
from .hints import explain
from .output import prepare_streams
from .settings import name_variables, read_settings

ENVIRONMENT = "MAILMART_PRIVACY"
# By group: the module of each command, and its line of help.
_GROUPS = {
    "The policy": {
        "show": ("show", "Print a version of the policy: text, Markdown, HTML, JSON or PDF."),
        "versions": ("show", "List the versions of the policy."),
        "processors": ("show", "List the third-party services that a version names."),
        "diff": ("diff", "Compare two texts: versions, copies, drafts."),
        "outdated": ("outdated", "Tell whether a newer version of the policy is published."),
        "schema": ("show", "Print the JSON Schema of a document."),
    },
    "Signed copies": {
        "export": ("export.command", "Issue a signed, dated copy for one recipient, or for each row of a sheet."),
        "verify": ("verify", "Check copies: which version, issued to whom, when, by whom."),
        "renew": ("renew", "Add the next archive timestamp to copies before the last one expires."),
        "identity": ("identity", "Create, import or show the identity that signs."),
    },
    "Archive": {
        "archive": ("archive.group", "Keep copies so that others can prove years later what they were."),
    },
    "Desk": {
        "desk": ("desk.group", "Run the desk: issue, find and check copies in the browser."),
    },
    "Website": {
        "site": ("site", "Build the policy as a static website, or serve it on this machine."),
    },
    "Maintainers": {
        "records": ("records.group", "Build and check the records of a version."),
    },
}
_COMMANDS = {name: module for group in _GROUPS.values() for name, (module, _) in group.items()}
_LINES = {name: words for group in _GROUPS.values() for name, (_, words) in group.items()}


class _LazyGroup(GroupedCommands):
    """Knows its commands by name, so that help and completion import no command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f".{_COMMANDS[cmd_name]}", __package__)
        command: click.Command = getattr(module, cmd_name)
        name_variables(command, f"{ENVIRONMENT}_{cmd_name.upper()}")
        return command

    def describe_command(self, ctx: click.Context, name: str) -> str:
        return _LINES[name]


@click.command(
    cls=_LazyGroup,
    groups={heading: list(group) for heading, group in _GROUPS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": ENVIRONMENT},
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 unsigned, 4 altered or invalid, "
    "5 signer not trusted, version newer than this release, or not decidable, 6 batch partly done, 130 interrupted.",
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings in TOML [default: config.toml of the user].")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context, config: Path | None, debug: bool) -> None:
    """MailMart's privacy policy: its text, and signed, dated copies of it."""
    ctx.ensure_object(dict)["debug"] = debug
    from .._user_dirs import config_path
    from ..release.named_data import use_named_data

    use_named_data()
    place = config or config_path()
    name = ctx.invoked_subcommand
    command = name and root.get_command(ctx, name)
    if name and command and (config or place.is_file()):
        ctx.default_map = read_settings(place, list(_COMMANDS), name, command)


def run(arguments: list[str], *, program: str) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name.
        program: what the messages begin with.

    Returns:
        The exit code.
    """
    prepare_streams()
    if sys.stdout is None:
        click.echo(f"{program}: standard output is closed; nothing was done", err=True)
        return ExitCode.FAILED
    asked = {"debug": False}
    try:
        result: Any = root.main(arguments, prog_name=program, standalone_mode=False, obj=asked)
        sys.stdout.flush()
        return int(result or ExitCode.DONE)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        words = _word_usage(error)
        ask = f"{' See' if words.endswith('?') else '; see'} {context.command_path} --help" if context else ""
        print(f"{program}: {words}{ask}", file=sys.stderr)
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        print(f"{program}: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; keep the interpreter from failing again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except PrivacyError as error:
        if asked["debug"]:
            raise
        print(f"{program}: {explain(error)}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if asked["debug"]:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"{program}: {place}{error.strerror or error}", file=sys.stderr)
        return ExitCode.FAILED


def _word_usage(error: click.ClickException) -> str:
    """Word what is wrong with a command line as we do, whatever click's version: one line, without a full stop."""
    if isinstance(error, click.NoSuchOption):
        near = sorted(error.possibilities or ())
        guess = f". Did you mean {', '.join(near[:-1])}{' or ' if near[1:] else ''}{near[-1]}?" if near else ""
        return f"No such option {error.option_name}{guess}"
    return " ".join(error.format_message().split()).rstrip(".")

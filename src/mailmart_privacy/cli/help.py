"""Help in groups: the options of a command, and the commands of a group, with "did you mean …?"."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

BASICS = "Basics"
_COMMANDS = "Commands"
_LONGEST = 200  # characters of the sentence that describes a command in a list


class GroupedCommand(click.Command):
    """A command whose help lists its options in groups.

    Args:
        groups: the parameters of each group after the first, by its heading; the first group, Basics, has all others.
    """

    def __init__(self, *arguments: Any, groups: Mapping[str, Sequence[str]], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        _write_options(self, ctx, formatter, self.groups)


def _write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter, groups: Mapping[str, Sequence[str]]
) -> None:
    named = {name: heading for heading, names in groups.items() for name in names}
    for heading in (BASICS, *groups):
        records = [
            record
            for parameter in command.get_params(ctx)
            if named.get(str(parameter.name), BASICS) == heading
            and (record := parameter.get_help_record(ctx)) is not None
        ]
        if records:
            with formatter.section(heading):
                formatter.write_dl(records)


class GroupedCommands(click.Group):
    """A command with commands below it: its help describes each in one whole sentence, and may list them in groups.

    Args:
        groups: the names of the commands in each group, by its heading; without it they are in one group.
        option_groups: the parameters of the command itself, as of `GroupedCommand`; without it they are in one group.
    """

    def __init__(
        self,
        *arguments: Any,
        groups: Mapping[str, Sequence[str]] | None = None,
        option_groups: Mapping[str, Sequence[str]] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self.groups, self.option_groups = groups, option_groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options and then the commands, group by group."""
        if self.option_groups is None:
            super().format_options(ctx, formatter)
        else:
            _write_options(self, ctx, formatter, self.option_groups)
            self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name, or say which one is written in a similar way."""
        known = self.list_commands(ctx)
        if args[0] not in known:
            from difflib import get_close_matches

            if near := get_close_matches(args[0], known, n=1):
                raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near[0]!r}?", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, group by group."""
        groups = self.groups or {_COMMANDS: self.list_commands(ctx)}
        width = max((len(name) for names in groups.values() for name in names), default=0)
        for heading, names in groups.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<{width}}", self.describe_command(ctx, name)) for name in names])

    def describe_command(self, ctx: click.Context, name: str) -> str:
        """Describe a command in one sentence."""
        command = self.get_command(ctx, name)
        return "" if command is None else f"{command.get_short_help_str(_LONGEST).rstrip('.')}."

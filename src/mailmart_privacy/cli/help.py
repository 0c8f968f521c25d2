"""Help in groups: the options of a large command, and the commands of the program."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

BASICS = "Basics"


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
        named = {name: heading for heading, names in self.groups.items() for name in names}
        for heading in (BASICS, *self.groups):
            records = [
                record
                for parameter in self.get_params(ctx)
                if named.get(str(parameter.name), BASICS) == heading
                and (record := parameter.get_help_record(ctx)) is not None
            ]
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

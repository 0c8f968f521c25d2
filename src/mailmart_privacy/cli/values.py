"""Options of commands, each group of them as one value."""

import functools
from collections.abc import Callable
from dataclasses import fields
from typing import Any

Decorator = Callable[[Any], Any]


def as_value(keyword: str, kind: type[Any], *decorators: Decorator) -> Decorator:
    """Add options to a command, and hand their values over as one.

    Args:
        keyword: the parameter of the command that takes the value.
        kind: a dataclass with a field for each option. Only a field with a default may lack an option.
        decorators: they add the options, in the order in which the help lists them. A decorator that this function
            has made fills a field with its own value.
    """
    names = [field.name for field in fields(kind)]

    def add(command: Any) -> Any:
        @functools.wraps(command)
        def call(*arguments: Any, **given: Any) -> Any:
            value = kind(**{name: given.pop(name) for name in names if name in given})
            return command(*arguments, **{keyword: value}, **given)

        for decorator in reversed(decorators):
            call = decorator(call)
        return call

    return add

"""Public names that are loaded when they are first used.

Importing a package of ours costs nothing, and works whatever extras are installed: help(), `import *`, hasattr() and
autospecs see every name. What needs an extra that is missing says so when it is called.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .errors import MissingExtraError


def offer(module: str, homes: "dict[str, str]") -> "tuple[Callable[[str], Any], Callable[[], Sequence[str]]]":
    """Make a module's `__getattr__` and `__dir__` (PEP 562).

    Args:
        module: its `__name__`.
        homes: the names that it offers, separated by blanks, by the module that defines them, relative to its package.

    Returns:
        Both functions. A name is kept in the module once it is loaded.
    """
    home = {name: place for place, names in homes.items() for name in names.split()}

    def load(name: str) -> "Any":
        if name not in home:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        import sys
        from importlib import import_module

        from .errors import MissingExtraError

        offering = sys.modules[module]
        try:
            value = getattr(import_module(home[name], offering.__package__), name)
        except MissingExtraError as error:
            value = _stand_in(name, module, error)
        setattr(offering, name, value)
        return value

    return load, lambda: sorted(home)


def _stand_in(name: str, module: str, missing: "MissingExtraError") -> "Any":
    """Make a stand-in for a function or a class whose extra is missing; calling it raises MissingExtraError."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise type(missing)(missing.extra, missing.module)

    about = f"Needs the extra `{missing.extra}`; see Installing (docs/install.md)."
    if name[0].isupper():
        return type(name, (), {"__doc__": about, "__module__": module, "__init__": refuse})
    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__, refuse.__module__ = about, module
    return refuse

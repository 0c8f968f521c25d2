"""The bytes of `data/`, `templates/` and the scripts of pages: the one place that reads what ships with the package.

Data is read through the package's own loader, which works from a folder and from a zip and costs
no import. Templates need a directory listing's semantics, so they go through `files()`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.abc import ResourceLoader
    from importlib.resources.abc import Traversable

    __loader__: ResourceLoader

_ROOT = __file__.rpartition("_resources")[0]
_replaced: "dict[str, bytes]" = {}


def read_data(name: str) -> bytes:
    """Read a file below `data/`.

    Args:
        name: its path below `data/`, with forward slashes: "2026-02-24/policy.md".

    Returns:
        Its bytes.

    Raises:
        OSError: there is no such file.
    """
    if name in _replaced:
        return _replaced[name]
    content: bytes = __loader__.get_data(_ROOT + "data/" + name)
    return content


def read_script(name: str) -> bytes:
    """Read a script of the page that checks copies, by its name without the ending.

    Raises:
        OSError: there is no such script.
    """
    content: bytes = __loader__.get_data(f"{_ROOT}web/scripts/{name}.js")
    return content


def replace_data(files: "dict[str, bytes]") -> "dict[str, bytes]":
    """Let files stand for those below `data/`, for newer data and for `testing`; returns those that did so before."""
    global _replaced
    before, _replaced = _replaced, files
    return before


def is_replaced() -> bool:
    """Tell whether files stand for some of those below `data/`."""
    return bool(_replaced)


def templates() -> "Traversable":
    """Find the folder of templates: inside the wheel, or at the root of a checkout.

    Returns:
        The folder, as importlib.resources sees it.
    """
    import sys

    if sys.version_info >= (3, 12):
        from importlib.resources import files
    else:
        from importlib_resources import files

    shipped: Traversable = files(__package__) / "templates"
    if shipped.is_dir():
        return shipped
    from pathlib import Path

    import_root = Path(_ROOT).parent
    return import_root.parent / "templates"


def read_template(name: str) -> bytes:
    """Read a file below `templates/`.

    Args:
        name: its path below `templates/`, with forward slashes: "page.css".

    Returns:
        Its bytes.

    Raises:
        OSError: there is no such file.
    """
    return templates().joinpath(*name.split("/")).read_bytes()

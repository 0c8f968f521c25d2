"""The folder of versions that maintainers work on."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...errors import UsageError

if TYPE_CHECKING:
    from ...release.folder import DataFolder

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of versions [default: the one of a checkout].",
)


def open_folder(given: Path | None) -> "DataFolder":
    """Open the folder that `data_option` names.

    Raises:
        UsageError: it does not exist, or this is an installed package.
    """
    from ...release.folder import DataFolder

    package = Path(__file__).parents[2]
    if given is None and not (package.parents[1] / "pyproject.toml").is_file():
        raise UsageError("this is an installed package, whose records never change; give a folder with --data")
    folder = given or package / "data"
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; give the folder of versions with --data")
    return DataFolder(folder)

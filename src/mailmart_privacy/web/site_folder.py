"""Writing the files of a static site into a folder."""

from pathlib import Path

from .._files import remove_leftovers, write_whole
from ..errors import DestinationExistsError, UsageError


def write_site(folder: Path, files: dict[str, bytes], *, force: bool) -> int:
    """Write the files that are missing or differ. Nothing is written if one of them cannot be put in its place.

    Args:
        folder: the site's root; it is made if it does not exist.
        files: the bytes by path below it, as `build_site` gives them.
        force: replace existing files that differ.

    Returns:
        How many files were written; the others were unchanged.

    Raises:
        DestinationExistsError: a file exists and differs, and `force` is not set.
        UsageError: a folder is where a file has to be, or the other way round.
    """
    missing = {}
    for name, content in files.items():
        place = folder / name
        if place.is_dir():
            raise UsageError(f"{place} is a folder, where a file has to be", argument="site")
        if blocking := next((above for above in place.parents if above.exists() and not above.is_dir()), None):
            raise UsageError(f"{blocking} is a file, where a folder has to be", argument="site")
        if not place.is_file():
            missing[place] = content
        elif place.read_bytes() != content:
            if not force:
                raise DestinationExistsError(f"{place} exists and differs; nothing was written", argument="site_force")
            missing[place] = content
    for above in {(folder / name).parent for name in files}:
        remove_leftovers(above)  # of a run that was killed: they would go to the network with the site
    for place, content in missing.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, content, force=force)
    return len(missing)

"""The file of the trust list: read for adding to it, compared with a released one, and written."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import write_whole
from ..trust.trust_list import TRUST_LIST, TrustList, write_trust_list

if TYPE_CHECKING:
    from collections.abc import Callable


def read_trust_entries(read: "Callable[[str], bytes]") -> list[dict[str, Any]]:
    """Read the entries of a trust list for adding one; none where there is no list yet.

    Raises:
        RecordError: there is a list, but it cannot be used.
    """
    try:
        read(TRUST_LIST)
    except OSError:
        return []
    return TrustList(read).entries


def compare_trust_lists(entries: list[dict[str, Any]], released: list[dict[str, Any]]) -> list[str]:
    """Compare a trust list with one that was released: it has to begin with the released records, unchanged.

    Args:
        entries: those of the list, oldest first.
        released: those of the list that was released.

    Returns:
        What is wrong, one line each.
    """
    faults = []
    for number, record in enumerate(released, 1):
        named = f"{TRUST_LIST}: record {number} ({record['name']!r}, for {record['purpose']})"
        if number > len(entries):
            faults.append(f"{named} was released and is gone; bring it back")
        elif entries[number - 1] != record:
            faults.append(f"{named} is not as it was released; bring it back, and record changes with a new record")
            break  # what follows chains to it, so all of that differs, too
    return faults


def change_trust_list(
    folder: Path, change: "Callable[[list[dict[str, Any]]], list[dict[str, Any]]]"
) -> list[dict[str, Any]]:
    """Change the trust list in a folder of versions.

    Args:
        folder: the folder; a list is made if it has none.
        change: takes the entries, and gives them with those that are added.

    Returns:
        The added entries.
    """
    before = read_trust_entries(lambda name: (folder / name).read_bytes())
    after = change(before)
    write_whole(folder / TRUST_LIST, write_trust_list(after), force=True)
    return after[len(before) :]

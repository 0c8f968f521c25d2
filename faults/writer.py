"""A writer as a process of its own: python -m faults.writer PLACE SEED BATCHES SIZE.

It prints the number and the digest of each copy when, and only when, it was acknowledged.
"""

import random
import sys
from pathlib import Path

from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.errors import PrivacyError
from mailmart_privacy.policy.ledger import shipped

from .places import Place, clock, fake_copies

FAILED = 3  # the exit status of a writer that was told of an error


def main(path: str, seed: str, batches: str, size: str) -> int:
    """Write, and say in one line where that fails."""
    place, chance = Place(Path(path)), random.Random(int(seed))
    made = [fake_copies(chance, int(size)) for _ in range(int(batches))]
    ledger = shipped()
    print("ready", flush=True)
    try:
        archive = Archive(Folder(place.root))
        with archive.writing(place.keyring(archive), clock) as session:
            for batch in made:
                for numbered in session.add_copies(batch, ledger):
                    print(numbered.number, numbered.entry.files[0].digest, flush=True)
    except (OSError, PrivacyError) as error:
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
        return FAILED
    print("done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

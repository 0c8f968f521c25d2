"""Which installed fonts have some characters, as fontconfig knows."""

import subprocess

_PATIENCE = 5  # seconds
_MOST = 3


def find_families(characters: str) -> list[str]:
    """Find installed fonts that have characters, with fontconfig (fc-list); none if it is not installed.

    Args:
        characters: all of them have to be in the font.

    Returns:
        Names of families, three at most, Noto's first.
    """
    pattern = f":charset={' '.join(f'{ord(character):x}' for character in characters)}"
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; of the name, code points alone go into the pattern
            ["fc-list", pattern, "family"],  # noqa: S607 - wherever the system keeps it
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    families = {line.partition(",")[0].strip() for line in done.stdout.decode("utf-8", "replace").splitlines()}
    return sorted(filter(None, families), key=lambda name: (not name.startswith("Noto"), name))[:_MOST]

"""Where PyInstaller finds the hook: it asks the entry point `pyinstaller40` of each installed package."""

import os


def get_hook_dirs() -> list[str]:
    """Name the folder with the hook."""
    return [os.path.dirname(__file__)]

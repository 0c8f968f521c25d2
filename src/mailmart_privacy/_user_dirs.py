"""Folders of the user, where each system has them: settings, and what the program keeps for them."""

import os
import sys
from pathlib import Path

APPLICATION = "mailmart-privacy"
STATE_VARIABLE = "MAILMART_PRIVACY_STATE_DIR"


def config_path() -> Path:
    """Name the user's settings file, which need not exist.

    Linux: `$XDG_CONFIG_HOME` or `~/.config`. macOS: `~/Library/Application Support`. Windows: `%APPDATA%`.
    """
    return _find_folder("APPDATA", "Roaming", "XDG_CONFIG_HOME", ".config") / APPLICATION / "config.toml"


def state_path() -> Path:
    """Name the user's state folder, which need not exist: the identity, certified forms, keys of archives.

    `$MAILMART_PRIVACY_STATE_DIR` names another one. Linux: `$XDG_STATE_HOME` or `~/.local/state`. macOS:
    `~/Library/Application Support`. Windows: `%LOCALAPPDATA%`.
    """
    if given := os.environ.get(STATE_VARIABLE):
        return Path(given)
    return _find_folder("LOCALAPPDATA", "Local", "XDG_STATE_HOME", ".local/state") / APPLICATION


def identity_path() -> Path:
    """Name the file of the user's own identity, which need not exist."""
    return state_path() / "identity.pem"


def _find_folder(windows: str, fallback: str, xdg: str, unix: str) -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get(windows) or Path.home() / "AppData" / fallback)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get(xdg) or Path.home() / unix)

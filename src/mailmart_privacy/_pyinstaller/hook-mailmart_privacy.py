"""What PyInstaller cannot see: the recorded data and templates, and the modules that are imported by name.

Adapters of frameworks are left out: a program that uses one imports it, and then PyInstaller sees it.
"""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

_ADAPTERS = tuple(f"mailmart_privacy.{name}" for name in ("web.django", "web.flask", "web.starlette", "_pyinstaller"))


def _is_needed(name: str) -> bool:
    return not name.startswith(_ADAPTERS)


datas = collect_data_files("mailmart_privacy")
datas += collect_data_files("mailmart_privacy", include_py_files=True, includes=["templates/*.py"])
hiddenimports = collect_submodules("mailmart_privacy", filter=_is_needed, on_error="ignore")

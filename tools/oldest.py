"""The oldest versions that pyproject.toml says will do, as constraints for pip: oldest.py > FILE."""

import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
oldest: dict[str, Version] = {}
for line in chain(project["dependencies"], *project["optional-dependencies"].values()):
    required = Requirement(line)
    for each in required.specifier:
        if each.operator == ">=":  # of several extras, the one that asks for the most counts
            oldest[required.name] = max(oldest.get(required.name, Version("0")), Version(each.version))
for name, version in oldest.items():
    print(f"{name}=={version}")

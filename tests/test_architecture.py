"""The rooms of the house: who may import whom, how large a module may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "mailmart_privacy"

# From the ground up. A module imports only what stands above it in this list; the two edges (the
# Python API and the command line) come last, and nothing imports the package root.
ORDER = [
    "_version",
    "errors",
    "characters",
    "models",
    "moments",
    "_resources",
    "parse",
    "ledger",
    "render",
    "form",
    "records",
    "ecdsa",
    "identity",
    "keyfiles",
    "pkcs11_uri",
    "pkcs11_token",
    "pkcs11",
    "kms",
    "appearance",
    "cms",
    "tokens",
    "timestamps",
    "paths",
    "trust",
    "revocation",
    "revisions",
    "security_store",
    "stamping",
    "certified",
    "certifying",
    "issuing",
    "levels",
    "origin",
    "foreign",
    "verification",
    "signatures",
    "objects",
    "updates",
    "genuine",
    "proofs",
    "verifying",
    "_api",
    "cli",
]
HEAVY = {"weasyprint": {"form"}, "click": {"cli"}, "platformdirs": {"cli"}, "filelock": {"cli"}, "markdown": {"parse"}}
HEAVY |= {"pkcs11": {"pkcs11", "pkcs11_token"}, "boto3": {"kms"}, "botocore": {"kms"}}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "form" if part.startswith("form_") else part


def imports(path: Path) -> set[tuple[str, str]]:
    """All imports of a module as (kind, name), wherever they stand, but those for the type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {("outside", alias.name.partition(".")[0]) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(("outside", (node.module or "").partition(".")[0]))
        elif isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module.partition(".")[0]] if node.module else [alias.name for alias in node.names]
            found |= {("inside", name) for name in names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_upward(path: Path) -> None:
    """A module imports only from the rooms above its own."""
    own = room(path)
    if own in ("__init__", "__main__"):
        return
    for kind, name in imports(path):
        if kind == "inside":
            target = "form" if name.startswith("form_") else name
            assert target in ORDER, f"{name} has no place in the order"
            assert ORDER.index(target) <= ORDER.index(own), f"{own} imports {name}, which stands below it"
        else:
            assert name != "mailmart_privacy", "nothing imports the package root"
            assert own in HEAVY.get(name, {own}), f"only {HEAVY[name]} may import {name}"


def test_verifying_does_not_know_issuing() -> None:
    """Signing and verifying never import each other."""
    for own, other in (("verifying", "issuing"), ("verifying", "certifying"), ("issuing", "verifying")):
        assert ("inside", other) not in imports(PACKAGE / f"{own}.py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    """No module has more than 300 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_the_clock_is_read_at_the_edges_only() -> None:
    """Only the Python API and the command line ask what time it is."""
    for path in modules():
        if room(path) not in ("_api", "cli"):
            source = path.read_text(encoding="utf-8")
            assert ".now(" not in source, path
            assert "import time" not in source, path

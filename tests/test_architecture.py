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
    "history",
    "models",
    "moments",
    "_resources",
    "filing",
    "loops",
    "changes",
    "source",
    "parse",
    "plaintext",
    "ledger",
    "render",
    "form",
    "redline",
    "records",
    "releasing",
    "keys",
    "pdf",
    "trust",
    "copies",
    "verifying",
    "sheets",
    "bulk",
    "archive",
    "_policies",
    "_api",
    "_many",
    "web",
    "cli",
]
# Within these, too, from the ground up.
ROOMS = {
    "keys": ["ecdsa", "identity", "keyfiles", "pkcs11_uri", "pkcs11_token", "pkcs11", "kms"],
    "pdf": ["objects", "field_font", "appearance", "shown", "brought", "cms", "revisions", "attachments"],
    "trust": ["tokens", "timestamps", "paths", "judge", "revocation", "security_store", "stamping"],
    "copies": [
        "certified",
        "blank",
        "typefaces",
        "shaping",
        "embedding",
        "typesetting",
        "signing",
        "certifying",
        "issuing",
        "recognising",
        "reference",
        "reproduced",
        "levels",
    ],
    "changes": ["matching", "words", "prose", "comparing"],
    "redline": ["wording", "text", "markdown", "data", "page", "paper"],
    "sheets": ["rows", "plan", "cells", "columns", "csv_sheet", "xlsx_sheet", "sheet"],
    "bulk": ["naming", "results", "places", "order", "work", "run", "manifest", "zipping", "cluster"],
    "archive": [
        "storage",
        "entries",
        "merkle",
        "notes",
        "tiles",
        "folder_intake",
        "folder",
        "layout",
        "objects_client",
        "objects_clearing",
        "objects_intake",
        "objects",
        "keyring",
        "recipients",
        "log",
        "log_audit",
        "archive",
        "making",
        "admission",
        "audit",
        "index_rows",
        "index_database",
        "index_sqlite",
        "index_postgres",
        "index_refresh",
        "index",
        "proofs",
        "anchors",
        "witnesses",
        "evidence",
    ],
    "web": [
        "negotiation",
        "representations",
        "addresses",
        "notices",
        "feed",
        "calendar",
        "pages",
        "shelf",
        "service",
        "links",
        "site",
        "local",
        "mounting",
        "flask",
        "starlette",
        "django",
    ],
    "verifying": [
        "origin",
        "foreign",
        "carried",
        "verification",
        "signatures",
        "updates",
        "genuine",
        "proofs",
        "verify",
    ],
}
HEAVY = {"weasyprint": {"form"}, "click": {"cli"}, "platformdirs": {"cli"}, "markdown": {"parse"}}
HEAVY |= {"filelock": {"cli", "bulk.manifest", "archive.keyring"}, "psycopg": {"archive.index_postgres"}}
HEAVY |= {"fsspec": {"bulk.places"}, "distributed": {"bulk.cluster"}}
HEAVY |= {"uharfbuzz": {"copies.shaping", "copies.typefaces"}, "bidi": {"copies.shaping"}}
HEAVY |= {"django": {"web.django"}, "flask": {"web.flask"}, "starlette": {"web.starlette"}}
HEAVY |= {"openpyxl": {"sheets.xlsx_sheet"}}
HEAVY |= {
    "pkcs11": {"keys.pkcs11", "keys.pkcs11_token"},
    "boto3": {"keys.kms", "archive.objects_client"},
    "botocore": {"keys.kms", "archive.objects_client"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return name_room(path.relative_to(PACKAGE).with_suffix("").parts)


def name_room(parts: tuple[str, ...]) -> str:
    """Name the room that a module lies in: "ledger", "keys.identity", "cli"."""
    if parts[0] in ROOMS:
        return ".".join(parts[:2])
    return "form" if parts[0].startswith("form_") else parts[0]


def rank(room: str) -> tuple[int, int]:
    """Tell how far down a room lies."""
    house, _, inner = room.partition(".")
    assert house in ORDER, f"{house} has no place in the order"
    if inner == "__init__":  # shows what its room has
        return ORDER.index(house), len(ROOMS[house])
    return ORDER.index(house), ROOMS[house].index(inner) if inner else -1


def imports(path: Path) -> set[tuple[str, str]]:
    """All imports of a module as (kind, name), wherever they stand, but those for the type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    folder = path.relative_to(PACKAGE).parts[:-1]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {("outside", alias.name.partition(".")[0]) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(("outside", (node.module or "").partition(".")[0]))
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] + tuple((node.module or "").split(".") if node.module else ())
            for name in [base] if node.module else [(*base, alias.name) for alias in node.names]:
                found.add(("inside", name_room(name)))
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_upward(path: Path) -> None:
    """A module imports only from the rooms above its own."""
    own = room(path)
    if own in ("__init__", "__main__"):
        return
    for kind, name in imports(path):
        if kind == "inside":
            assert rank(name) <= rank(own), f"{own} imports {name}, which stands below it"
        else:
            assert name != "mailmart_privacy", "nothing imports the package root"
            assert own in HEAVY.get(name, {own}), f"only {HEAVY[name]} may import {name}"


def test_verifying_does_not_know_issuing() -> None:
    """Signing and verifying never import each other."""
    for own, other in (("verifying", "copies"), ("copies", "verifying")):
        for path in (PACKAGE / own).glob("*.py"):
            assert not any(name.startswith(other) for kind, name in imports(path) if kind == "inside"), path


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    """No module has more than 300 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_the_clock_is_read_at_the_edges_only() -> None:
    """Only the Python API and the command line ask what time it is."""
    for path in modules():
        if room(path) not in ("_policies", "_api", "_many", "cli"):
            source = path.read_text(encoding="utf-8")
            assert ".now(" not in source, path
            assert "import time" not in source, path

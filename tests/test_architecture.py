"""The rooms of the house: who may import whom, how large a module may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "mailmart_privacy"

# From the ground up, one layer a line. A module imports from lower lines, and from what comes before its own room in
# the same line. Within a room any order will do, without a cycle. Nothing imports the package root.
LAYERS = [
    [
        "_version",
        "errors",
        "_clock",
        "_lazy",
        "_unicode",
        "_lookalikes",
        "_time",
        "_der",
        "_resources",
        "_sync",
        "_files",
        "_pyinstaller",
    ],
    ["_user_dirs", "_limits", "_loopback"],
    ["pdf", "sheets"],
    ["policy", "keys", "typesetting"],
    ["trust", "diff", "form"],
    ["copies", "verifying", "redline", "release"],
    ["archive", "batch", "web", "testing"],
    ["api", "timestamps", "desk", "cli"],
]
# Only these may import what is large, or comes with an extra.
HEAVY = {
    "bidi": ["typesetting.shaping"],
    "boto3": ["keys.kms", "archive.storage.s3_client"],
    "botocore": ["keys.kms", "archive.storage.s3_client"],
    "click": ["cli"],
    "distributed": ["batch.dask"],
    "django": ["web.django"],
    "filelock": ["copies.form_cache", "batch.manifest", "archive.keyring"],
    "flask": ["web.flask"],
    "httpx": ["desk.web.oidc.fetching", "cli.desk"],
    "fsspec": ["batch.destinations"],
    "markdown": ["policy.read_markdown"],
    "joserfc": ["desk.web.oidc.signatures", "cli.desk"],
    "openpyxl": ["sheets"],
    "pkcs11": ["keys.pkcs11"],
    "pyhanko": ["form.notes"],
    "asn1crypto": [],
    "psycopg": ["archive.index.postgres", "desk.postgres"],
    "starlette": ["web.starlette", "desk.web", "cli.desk"],
    "uvicorn": ["desk.web.server", "desk.web.__main__", "cli.desk"],
    "uharfbuzz": ["typesetting.shaping", "typesetting.fonts"],
    "weasyprint": ["form"],
}
RANKS = {room: (layer, place) for layer, rooms in enumerate(LAYERS) for place, room in enumerate(rooms)}
CLOCK = ("_clock", "api", "cli", "desk", "web.edge", "testing")


def name_module(path: Path) -> str:
    """Name a module from the package's root: "archive.tlog.merkle"; a package by its own name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_module(path): path for path in sorted(PACKAGE.rglob("*.py"))}
ROOMS = sorted(set(MODULES) - {"", "__main__"})


def read_imports(name: str) -> tuple[set[str], set[str]]:
    """Read what a module imports, but for the type checkers: our modules, and the packages of others."""
    path = MODULES[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    folder = path.relative_to(PACKAGE).parts[:-1]
    ours, others = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            others |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            others.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((*folder[: len(folder) - node.level + 1], *filter(None, [node.module])))
            below = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            found = {each for each in below if each in MODULES}
            ours |= found | ({base} if len(found) < len(below) else set())
    return ours, others


def belongs(name: str, place: str) -> bool:
    """Whether a module is the one named, or is inside it."""
    return name == place or name.startswith(place + ".")


@pytest.mark.parametrize("name", ROOMS)
def test_imports_point_downward(name: str) -> None:
    """A module imports only from rooms that come before its own in the table of layers."""
    ours, others = read_imports(name)
    assert "mailmart_privacy" not in others, f"{name} imports the package by its name: use relative imports"
    assert "" not in ours, f"{name} imports the package root: import from the module that defines the name"
    room = name.partition(".")[0]
    assert room in RANKS, f"{room} has no place yet: add it to LAYERS in this file, on the line where it belongs"
    for other in sorted(ours):
        other_room = other.partition(".")[0]
        assert RANKS[other_room] <= RANKS[room], (
            f"{name} imports {other}, which is above it in LAYERS: hand the value in as an argument, "
            f"or move what both need into a lower room"
        )


@pytest.mark.parametrize("name", ROOMS)
def test_large_dependencies_stay_in_their_modules(name: str) -> None:
    """Only the module that wraps a large dependency imports it."""
    for package in read_imports(name)[1] & HEAVY.keys():
        assert any(belongs(name, place) for place in HEAVY[package]), (
            f"{name} imports {package}: call {', '.join(HEAVY[package])} instead, or add the module to HEAVY"
        )


def test_no_import_goes_round_in_a_circle() -> None:
    """No module imports itself by way of others."""
    imports = {name: read_imports(name)[0] for name in ROOMS}
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> None:
        assert name not in way, f"a circle of imports: {' -> '.join([*way[way.index(name) :], name])}"
        if name not in done:
            for other in sorted(imports.get(name, set())):
                visit(other, [*way, name])
            done.add(name)

    for name in ROOMS:
        visit(name, [])


@pytest.mark.parametrize("name", list(MODULES))
def test_modules_stay_small(name: str) -> None:
    """No module has more than 300 lines: split it by meaning."""
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 300


def test_the_clock_is_read_at_the_edges_only() -> None:
    """Only the Python API, the command line and the edge of serving ask what time it is."""
    for name, path in MODULES.items():
        if not name.startswith(CLOCK):
            source = path.read_text(encoding="utf-8")
            assert ".now(" not in source, name
            assert "import time" not in source, name


def test_commands_take_groups_of_options_as_values() -> None:
    """No command has more than six parameters: make a dataclass of those that belong together (cli/values.py)."""
    commands = 0
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if name.startswith("cli.") else ():
            if isinstance(node, ast.FunctionDef) and any(
                "command" in ast.unparse(each) for each in node.decorator_list
            ):
                commands += 1
                assert len(node.args.args) <= 6, f"{name}.{node.name}"
    assert commands > 30

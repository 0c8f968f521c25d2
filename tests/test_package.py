"""The package: what importing costs, that every way of installing gives the same, and what is public."""

import importlib
import json
import os
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mailmart_privacy as privacy

ROOT = Path(__file__).parents[1]
PROBE = """
import hashlib, json, sys
import mailmart_privacy as privacy
from mailmart_privacy import _resources
from mailmart_privacy.policy.ledger import shipped
found = {"text": privacy.version("2026-02-24").digest}
for name, _ in shipped().version("2026-02-24").records:
    found[name] = hashlib.sha256(shipped().record("2026-02-24", name)).hexdigest()
for name in ("page.html", "page.css", "form.html", "form.css"):
    found["templates/" + name] = hashlib.sha256(_resources.read_template(name)).hexdigest()
from mailmart_privacy.policy import render_html
page = render_html(privacy.current())
found["rendered"] = hashlib.sha256(page.encode()).hexdigest()
print(json.dumps(found))
"""


def probe(*, path: Path | None = None, python: str = sys.executable, flags: tuple[str, ...] = ()) -> dict[str, str]:
    """Read everything in a process of its own, from a place put before all others."""
    environment = {**os.environ, "PYTHONPATH": str(path)} if path else dict(os.environ)
    result = subprocess.run([python, *flags, "-c", PROBE], capture_output=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return json.loads(result.stdout)  # type: ignore[no-any-return]


@pytest.mark.skipif("MAILMART_PRIVACY_TEST_WHEEL" not in os.environ, reason="only where the built wheel is tested")
def test_the_wheel_is_what_is_tested() -> None:
    """In CI the tests run against the installed wheel, not against the checkout."""
    assert "site-packages" in (privacy.__file__ or "")


def test_importing_loads_nothing_else() -> None:
    """`import mailmart_privacy` loads no third-party module, and almost none of the standard library."""
    code = "import sys; before = set(sys.modules); import mailmart_privacy; print(*sorted(set(sys.modules) - before))"
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    assert result.stdout.decode().split() == ["mailmart_privacy", "mailmart_privacy._lazy", "mailmart_privacy._version"]


def test_the_text_needs_no_third_party_module() -> None:
    """Sections, processors and the date are read with the standard library alone."""
    code = (
        "import sys, mailmart_privacy as p; p.sections, p.processors, p.last_updated; p.current().html;"
        "print(*sorted({m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    extra = {name for name in result.stdout.decode().split() if not name.startswith("_")}
    assert extra <= {"mailmart_privacy", "sitecustomize"}


def test_every_public_name_is_there_and_documented() -> None:
    """`__all__` is sorted, complete, loadable and documented; an unknown name is refused."""
    assert list(privacy.__all__) == sorted(privacy.__all__)
    assert dir(privacy) == privacy.__all__
    for name in privacy.__all__:
        value = getattr(privacy, name)
        assert value is not None
        if callable(value) and name != "Block":
            assert value.__doc__, name
    with pytest.raises(AttributeError, match="sektions"):
        _ = privacy.sektions  # type: ignore[attr-defined]


def test_functions_stay_functions_whatever_is_imported() -> None:
    """No submodule takes the name of a public function, in whatever order things are imported."""
    for path in Path(next(iter(privacy.__path__))).rglob("*.py"):
        parts = path.relative_to(next(iter(privacy.__path__))).with_suffix("").parts
        # Django's urls and models ask for a project's settings, a hook for PyInstaller.
        apart = parts[:3] == ("web", "django", "acknowledgement") or parts[0] == "_pyinstaller"
        if parts[-1] not in ("__init__", "__main__", "urls") and not apart:
            importlib.import_module(".".join(("mailmart_privacy", *parts)))
    for name in ("issue", "verify", "current", "version", "versions", "in_force", "load_identity", "issue_many"):
        assert callable(getattr(privacy, name)), name


def test_a_missing_extra_is_named() -> None:
    """Without an extra's library the error names the extra, in Python and on the command line."""
    for blocked, extra, call in (
        ("cryptography", "pdf", "privacy.verify(b'x', trust=[])"),
        ("cryptography", "pdf", "privacy.load_identity(b'')"),
        ("cryptography", "pdf", "privacy.Identity(certificate=None, chain=(), key=None)"),
        ("cryptography", "pdf", "keys.create_identity(created_at=None)"),
        ("weasyprint", "form", "form.render_form(privacy.current())"),
        ("pkcs11", "pkcs11", "keys.open_pkcs11('pkcs11:')"),
        ("boto3", "kms", "keys.open_kms('x', certificate=b'')"),
    ):
        code = f"import sys; sys.modules[{blocked!r}] = None\nimport mailmart_privacy as privacy\n"
        code += f"from mailmart_privacy import form, keys\n{call}"
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert f"this needs the extra `{extra}`; see Installing" in result.stderr.decode().splitlines()[-1]
    code = "import sys; sys.modules['click'] = None\nfrom mailmart_privacy.cli import main\nmain()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.returncode == 1
    assert "Click is not installed: this needs the extra `cli`; see Installing" in result.stderr.decode()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist, the wheel built from it, and the wheel built from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    environment = runpy.run_path(str(ROOT / "tools" / "installing.py"))["uv_environment"]()
    environment["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # One in an environment with what pyproject.toml names and nothing else, one in this environment.
    for name, arguments in (("both", ["--installer", "uv"]), ("direct", ["--wheel", "--no-isolation"])):
        command = [sys.executable, "-m", "build", "--outdir", str(folder / name), *arguments, str(ROOT)]
        result = subprocess.run(command, capture_output=True, env=environment, check=False)
        assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()
    (wheel,) = (folder / "both").glob("*.whl")
    (sdist,) = (folder / "both").glob("*.tar.gz")
    (direct,) = (folder / "direct").glob("*.whl")
    return {"wheel": wheel, "sdist": sdist, "direct": direct}


@pytest.mark.slow
def test_every_way_of_installing_gives_the_same(built: dict[str, Path], tmp_path: Path) -> None:
    """The wheel (by way of the sdist or not), a zip on the path, an unpacked folder and the checkout agree."""
    assert built["wheel"].read_bytes() == built["direct"].read_bytes()
    expected = probe(path=built["wheel"])  # a wheel is a zip: imported without unpacking
    with zipfile.ZipFile(built["wheel"]) as archive:
        archive.extractall(tmp_path / "site")
    assert probe(path=tmp_path / "site") == expected
    assert probe(path=ROOT / "src") == expected  # what an editable install puts on the path
    assert expected["text"] == privacy.version("2026-02-24").digest


@pytest.mark.slow
def test_the_wheel_is_small_and_complete(built: dict[str, Path]) -> None:
    """Below 2 MB, with records, templates, types and the fonts' notices, and without anything of the tests."""
    assert built["wheel"].stat().st_size < 2_000_000
    names = zipfile.ZipFile(built["wheel"]).namelist()
    for needed in ("py.typed", "data/ledger.json", "data/2026-02-24/form-a4.pdf", "templates/page.html"):
        assert f"mailmart_privacy/{needed}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any("OFL" in name for name in names)
    assert not [name for name in names if name.split("/")[0] not in ("mailmart_privacy",) and ".dist-info" not in name]
    metadata = zipfile.ZipFile(built["wheel"]).read(next(n for n in names if n.endswith("METADATA"))).decode()
    assert "Private :: Do Not Upload" in metadata

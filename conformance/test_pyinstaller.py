"""PyInstaller makes a program of the built wheel; the hook finds text, templates and what is imported by name."""

import runpy
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import mailmart_privacy as privacy
from mailmart_privacy.policy import render_html
from mailmart_privacy.web import create_service

service = create_service()
print(privacy.current().version, len(privacy.sections))
print(service.respond("GET", "/privacy", {}).status, service.respond("GET", "/privacy.pdf", {}).body[:5])
print("<h1>" in render_html(privacy.current()))
"""


def test_a_program_has_everything(tmp_path: Path) -> None:
    """In an environment of its own with nothing but the wheel: the program answers as the package does."""

    root = Path(__file__).parents[1]
    environment = runpy.run_path(str(root / "tools" / "installing.py"))["uv_environment"]()

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            [*map(str, command)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", root)
    binaries = tmp_path / "venv" / "bin"
    uv = root / ".venv" / "bin" / "uv"
    run(uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    python = ("--python", binaries / "python")
    run(uv, "pip", "install", "--quiet", *python, "pyinstaller", *(tmp_path / "dist").glob("*.whl"))
    (tmp_path / "program.py").write_text(_PROGRAM)
    run(binaries / "pyinstaller", "--noconfirm", "--log-level", "ERROR", "program.py")
    printed = run(tmp_path / "dist" / "program" / "program")
    version, sections = printed.splitlines()[0].split()
    assert (len(version), int(sections) > 5) == (10, True)
    assert printed.splitlines()[1:] == ["200 b'%PDF-'", "True"]

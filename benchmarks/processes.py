"""What a user waits for: imports, help, text, one copy. Whole processes, over a bare interpreter where it says so."""

from pathlib import Path

from mailmart_privacy.keys.key_files import create_identity, dump_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.render import read_style, render_html

from .measure import in_turns, program, python, time_process
from .others import NOW, prepare_others


def measure(folder: Path, rounds: int) -> list[tuple[str, str, str, str]]:
    """Measure the rows on imports, help, text and one copy."""
    home = {"HOME": str(folder), "MAILMART_PRIVACY_STATE_DIR": str(folder / "state")}
    place = {"cwd": folder, "environment": home}
    imports = in_turns(
        {
            "bare": python("pass", **place),
            "ours": python("import mailmart_privacy", **place),
            "sections": python("import mailmart_privacy as p; p.sections", **place),
            "certifi": python("import certifi; certifi.contents()", **place),
        },
        rounds * 2,
    )
    texts = in_turns(
        {
            "help": program("mailmart-privacy", "--help", **place),
            "show": program("mailmart-privacy", "show", **place),
            "certifi": lambda: time_process([str(python_path()), "-m", "certifi", "-c"], **place),
            "weasyprint": program("weasyprint", "--help", **place),
            "pyhanko": program("pyhanko", "--help", **place),
        },
        rounds,
    )
    export = in_turns({"ours": _export(folder, home), "theirs": _others(folder, home)}, rounds)
    bare = imports["bare"]
    own, sections, certifi = (imports[name] - bare for name in ("ours", "sections", "certifi"))
    return [
        (
            "`import mailmart_privacy` over a bare interpreter",
            "≤ 20 ms",
            f"{own:.1f} ms",
            f"certifi, with its text: {certifi:.1f} ms",
        ),
        (
            "import and first access to `sections`",
            "≤ 20 + 30 ms",
            f"{sections:.1f} ms",
            f"{sections / certifi:.1f} × certifi",
        ),
        (
            "`mailmart-privacy --help`, whole process",
            "≤ 120 ms",
            f"{texts['help']:.0f} ms",
            f"`weasyprint --help` {texts['weasyprint']:.0f} ms, `pyhanko --help` {texts['pyhanko']:.0f} ms",
        ),
        (
            "`mailmart-privacy show`, whole process",
            "≤ 150 ms",
            f"{texts['show']:.0f} ms",
            f"`python -m certifi -c` {texts['certifi']:.0f} ms",
        ),
        (
            "one `export`, cold process, form certified",
            "≤ 500 ms and ≥ 4 × faster",
            f"{export['ours']:.0f} ms",
            f"`weasyprint` then `pyhanko sign`: {export['theirs']:.0f} ms, {export['theirs'] / export['ours']:.1f} ×",
        ),
    ]


def python_path() -> Path:
    """The interpreter that everything is installed for."""
    import sys

    return Path(sys.executable)


def _export(folder: Path, home: dict[str, str]):
    arguments = ("export", "--to", "Acme GmbH", "--reference", "C-1", "-o", "copy.pdf", "--force")
    return program("mailmart-privacy", *arguments, cwd=folder, environment=home)


def _others(folder: Path, home: dict[str, str]):
    """The same work by two command lines: lay the page out, certify it with a key file."""
    identity = create_identity(created_at=NOW())
    prepare_others(
        folder,
        render_html(shipped().policy("2026-02-24")).encode(),
        read_style("page"),
        dump_identity(identity),
    )
    layout = program(
        "weasyprint", "--pdf-variant", "pdf/a-3a", "--pdf-tags", "page.html", "page.pdf", cwd=folder, environment=home
    )
    arguments = ("sign", "addsig", "--field", "Signature", "--use-pades", "pemder", "--no-pass")
    keys = ("--key", "key.pem", "--cert", "cert.pem", "page.pdf", "signed.pdf")
    sign = program("pyhanko", *arguments, *keys, cwd=folder, environment=home)
    return lambda: layout() + sign()

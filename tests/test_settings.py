"""Settings of the command line: by flag, environment and file, and what they name."""

import json
from pathlib import Path

import pytest

from mailmart_privacy import load_identity
from mailmart_privacy.errors import IdentityError
from mailmart_privacy.keys.identity import dump_certificate
from mailmart_privacy.keys.key_files import create_identity

from .conftest import NOW, VERSION, Run, one_line


def test_settings_flag_then_environment_then_file(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """A flag wins over the environment, the environment over the file, the file over the default."""
    config = tmp_path / "settings.toml"
    config.write_text('[show]\nformat = "json"\n', encoding="utf-8")
    from_file = ["--config", str(config), "show"]
    assert cli(*from_file).stdout.startswith(b"{")
    given = {**environment, "MAILMART_PRIVACY_SHOW_FORMAT": "html"}
    assert cli(*from_file, env=given).stdout.startswith(b"<!")
    assert cli(*from_file, "--format", "text", env=given).stdout.startswith(b"Privacy Policy")
    config.write_text("[shwo]\n", encoding="utf-8")
    assert "unknown table [shwo]" in one_line(cli(*from_file))
    config.write_text("[show", encoding="utf-8")
    assert "not TOML" in one_line(cli(*from_file))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("export = 3", "[export] is not a table"),
        ("[export]\nidentty = 'ours.p12'", "no setting 'identty'; did you mean 'identity'?"),
        ("[export]\nrecipient = 'Acme'", "no setting 'recipient'"),
        ("[export.to]\nname = 'Acme'", "to is a table"),
        ("[export]\npaper = 3", "3 is not one of"),
        ("[export]\nforce = 'perhaps'", "not a valid boolean"),
        ("[export]\nidentity = 'missing.p12'", "missing.p12: No such file"),
        ("[export]\nidentity = 'awskms:nothing'", "--certificate FILE"),
    ],
)
def test_a_setting_is_heeded_or_refused(cli: Run, tmp_path: Path, settings: str, words: str) -> None:
    """A setting that is misspelt or has the wrong type is never ignored: it might name the signer."""
    config = tmp_path / "settings.toml"
    config.write_text(settings, encoding="utf-8")
    result = cli("--config", str(config), "export", "--to", "Acme", "-o", "x.pdf")
    assert result.returncode == (1 if "No such" in words else 2)
    assert words in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()
    assert not (tmp_path / "x.pdf").exists()


def test_every_option_is_a_setting_under_its_own_name(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """The file and the environment name options as the command line does, below a group, too."""
    config = tmp_path / "settings.toml"
    config.write_text('[identity.create]\nname = "Ours"\n', encoding="utf-8")
    assert cli("--config", str(config), "identity", "create").returncode == 0
    assert json.loads(cli("identity", "show", "--json").stdout)["name"] == "Ours"
    given = {**environment, "MAILMART_PRIVACY_EXPORT_TO": "Acme", "MAILMART_PRIVACY_EXPORT_JSON": "1"}
    assert json.loads(cli("export", "-o", "x.pdf", env=given).stdout)["recipient"] == "Acme"


def test_certificates_in_settings_lie_beside_them(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """A certificate that the settings name is the one beside them, wherever the command runs; no other is taken."""
    copy = cli("export", "--to", "Acme", "-o", "copy.pdf")
    assert copy.returncode == 0
    own = cli("identity", "show", "--pem").stdout
    stranger = dump_certificate(create_identity(created_at=NOW))
    shared, elsewhere = tmp_path / "shared", tmp_path / "elsewhere"
    shared.mkdir()
    elsewhere.mkdir()
    (shared / "config.toml").write_text('[verify]\ntrust = ["mailmart.pem"]\n', encoding="utf-8")
    (shared / "mailmart.pem").write_bytes(own)
    (elsewhere / "mailmart.pem").write_bytes(stranger)
    command = ("--config", str(shared / "config.toml"), "verify", str(tmp_path / "copy.pdf"))
    assert cli(*command, cwd=elsewhere).returncode == 0
    (shared / "mailmart.pem").write_bytes(stranger)
    (elsewhere / "mailmart.pem").write_bytes(own)
    assert cli(*command, cwd=elsewhere).returncode == 5
    (shared / "mailmart.pem").unlink()
    missing = cli(*command, cwd=elsewhere)
    assert (missing.returncode, str(shared / "mailmart.pem") in one_line(missing)) == (1, True)


def test_a_flag_wins_over_a_setting_that_excludes_it(cli: Run, tmp_path: Path) -> None:
    """With a folder in the settings, -o still names a file; so do --at and --policy."""
    config = tmp_path / "settings.toml"
    config.write_text(
        f'[export]\ndirectory = "copies"\npolicy = "{VERSION}"\n[show]\npolicy = "1999-01-01"', encoding="utf-8"
    )
    base = ["--config", str(config)]
    made = cli(*base, "export", "--to", "Acme", "-o", "x.pdf", "--at", "2026-03-01T00:00:00Z")
    assert (made.returncode, made.stdout) == (0, b"x.pdf\n")
    assert cli(*base, "show", "--at", "2026-03-01T00:00:00Z").returncode == 0


def test_a_file_without_end_or_bottom_is_not_read_whole(cli: Run, tmp_path: Path) -> None:
    """Settings, certificates and keys are small: a device, a sparse file or deep nesting costs nothing."""
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 36)
    (tmp_path / "deep.toml").write_text(f"[verify]\ntrust = {'[' * 100_000}", encoding="utf-8")
    for command, words in [
        (("--config", "deep.toml", "verify", "x.pdf"), "nested too deeply"),
        (("--config", "sparse", "verify", "x.pdf"), "more than 1,048,576 bytes"),
        (("verify", "--trust", "/dev/zero", "x.pdf"), "more than 1,048,576 bytes"),
        (("verify", "--trust-timestamps", "sparse", "x.pdf"), "more than 1,048,576 bytes"),
        (("export", "--identity", "/dev/zero", "--to", "Acme", "-o", "x.pdf"), "more than 1,048,576 bytes"),
        (("export", "--recipients", "sparse", "-d", "made"), "more than 134,217,728 bytes"),
    ]:
        result = cli(*command)
        assert result.returncode in (2, 5), command
        assert words in one_line(result)
    with pytest.raises(IdentityError, match="more than 1,048,576 bytes"):
        load_identity("/dev/zero")

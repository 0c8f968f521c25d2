"""How a desk for a team is told where it answers and who signs people in."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mailmart_privacy.desk.launcher import _choose_environment, _limit
from mailmart_privacy.desk.settings import OidcSettings

from .command_line import Run
from .conftest import one_line
from .desk_browser import make_settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")
ORIGIN = ("--origin", "https://desk.example")
OIDC = ("--oidc-issuer", "https://id.example", "--oidc-client-id", "desk")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*ORIGIN,), "needs an identity provider; give --oidc-issuer and --oidc-client-id"),
        ((*OIDC[:2],), "--oidc-issuer and --oidc-client-id belong together"),
        ((*OIDC[2:],), "--oidc-issuer and --oidc-client-id belong together"),
        (("--oidc-audience", "desk-api"), "name it with --oidc-issuer"),
        (("--origin", "http://desk.example", *OIDC), "is not an https address of a host"),
        (("--origin", "https://desk.example/below", *OIDC), "is not an https address of a host"),
        (("--origin", "https://", *OIDC), "is not an https address of a host"),
        (("--oidc-issuer", "http://id.example", "--oidc-client-id", "desk"), "cannot be used; give an https address"),
        (("--oidc-issuer", "https://id.example?x=1", "--oidc-client-id", "desk"), "cannot be used; give an https"),
        ((*OIDC, "--oidc-client-secret-file", "no-such-file"), "cannot be read from no-such-file"),
        ((*OIDC, "--oidc-audience", "desk"), "has to differ from --oidc-client-id"),
    ],
)
def test_what_is_missing_or_unfit_is_said(cli: Run, arguments: tuple[str, ...], words: str) -> None:
    """A desk with half of its settings does not start."""
    assert words in one_line(cli("desk", *arguments))


def test_the_clients_secret_is_for_web_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither settings nor environment bring it to the processes that need it not; web gets no credential of ours."""
    monkeypatch.setenv("MAILMART_PRIVACY_DESK_OIDC_CLIENT_SECRET", "secret")
    monkeypatch.setenv("MAILMART_PRIVACY_PASSPHRASE", "phrase")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    oidc = OidcSettings(
        issuer="https://id.example", client_id="desk", client_secret="secret", audience="", roles_claim=""
    )
    settings = make_settings(tmp_path, oidc=oidc)
    without = replace(oidc, client_secret="")
    assert [_limit(settings, name).oidc for name in ("web", "keeper", "checker")] == [oidc, without, None]
    kept = {name: set(_choose_environment(name)) for name in ("web", "keeper", "checker")}
    assert not any("MAILMART_PRIVACY_DESK_OIDC_CLIENT_SECRET" in names for names in kept.values())
    assert "MAILMART_PRIVACY_PASSPHRASE" in kept["keeper"]
    assert "HTTPS_PROXY" in kept["web"] - kept["checker"]
    assert not any(name.startswith(("AWS_", "MAILMART_")) for name in kept["web"])

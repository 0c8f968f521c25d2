"""What is done on the server of a desk: the first administrator, and a way in while the identity provider is down."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from mailmart_privacy.archive.recipients import Person
from mailmart_privacy.desk.on_host import Host
from mailmart_privacy.errors import UsageError

from .command_line import Run
from .conftest import one_line
from .desk_browser import Browser, LocalDesk, make_desk, make_settings
from .desk_provider import ISSUER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the desk runs on Linux and macOS")
TEAM = ("--origin", "https://desk.example", "--oidc-issuer", ISSUER, "--oidc-client-id", "desk")


def test_the_first_administrator_is_made_on_the_server(cli: Run, tmp_path: Path) -> None:
    """Before the desk has ever run; the person need not have signed in, and keeps roles that they have."""
    folder = ("--folder", str(tmp_path / "desk"))
    added = cli("desk", *folder, "admin", "add", ISSUER, "auth0|ada", "--name", "Ada")
    assert added.stdout == b"Ada is an administrator of the desk\n", added.stderr
    assert cli("desk", *folder, "admin", "list").stdout == f"{ISSUER}\tauth0|ada\tAda\tadministrator\n".encode()
    assert "give the address of the identity provider" in one_line(cli("desk", *folder, "admin", "add", "ada", "x"))
    assert "say whom the address signs in, with --for" in one_line(cli("desk", *folder, *TEAM, "link"))
    (tmp_path / "desk" / "desk.lock").write_text(json.dumps({"process": 1, "origin": "https://desk.example"}))
    assert "name the archive of the desk" in one_line(cli("desk", *folder, *TEAM, "link", "--for", "auth0|ada"))
    link = cli("desk", *folder, "link", "--for", "auth0|ada").stdout.decode()
    assert link.startswith("https://desk.example/?token=")
    assert "0 of the people of this desk are called" in one_line(cli("desk", *folder, "link", "--for", "eve"))


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    return make_desk(tmp_path)


def test_it_goes_on_record_and_takes_effect(desk: LocalDesk, tmp_path: Path) -> None:
    """With the person who did it; a link signs in once, also while the desk runs."""
    host = Host(make_settings(tmp_path), Person(issuer="os", subject="root@server", name="root"))
    host.add_administrator(ISSUER, "ada", "Ada")
    desk.people.put(desk.people.list_all()[0].actor, ("sales", "compliance"))
    assert host.add_administrator(ISSUER, "ada", "").roles == ("sales", "compliance", "administrator")
    desk.time.now = time.time()
    token = host.make_link("", "ada").partition("token=")[2]
    browser = Browser(desk)
    assert browser.get(f"/?token={token}").status == 303
    assert Browser(desk).get(f"/?token={token}").status == 403
    words = browser.open("/activity").words
    assert words.count("Changed people") == 3
    assert "root" in words
    for said in (f"Ada ({ISSUER}, ada): administrator, made on the server", "Ada: a link that signs in"):
        assert said in words
    with pytest.raises(UsageError, match="0 of the people"):
        host.make_link("", "eve")


def test_another_user_leaves_no_files_behind_that_the_desk_cannot_open(
    desk: LocalDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root, for instance: the user who has the folder is named."""
    user = Path(tmp_path).owner()
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(UsageError, match=f"sudo -u {user}"):
        Host(make_settings(tmp_path), Person(issuer="os", subject="x", name="x")).add_administrator(ISSUER, "ada", "")

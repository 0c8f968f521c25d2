"""Version skew: a service learns that a newer release is published."""

import json
import threading

import pytest

from mailmart_privacy.errors import RecordError
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.release.outdated import Skew, find_skew
from mailmart_privacy.web import Service
from mailmart_privacy.web.dev_server import open_server

from .conftest import NOW, Run
from .versions import FIRST, SECOND, THIRD, three_version_ledger, withdrawn_ledger


def published(service: Service) -> bytes:
    return service.respond("GET", "/privacy/versions.json", {}).body


def test_what_is_published_and_not_known_here_is_named() -> None:
    """New versions, withdrawals and different texts are reported; nothing if this package is as new or newer."""
    ledger = three_version_ledger()
    listed = published(Service(ledger, clock=lambda: NOW))
    first = tuple(version for version in ledger.versions if version.version == FIRST)
    assert find_skew(listed, first) == Skew(missing=(SECOND, THIRD))
    assert not find_skew(listed, ledger.versions)
    assert not find_skew(json.dumps([]).encode(), ledger.versions), "it is older there"
    withdrawn = published(Service(withdrawn_ledger(), clock=lambda: NOW))
    assert find_skew(withdrawn, ledger.versions) == Skew(withdrawn=(THIRD,))
    assert not find_skew(listed, withdrawn_ledger().versions)
    other = json.loads(listed)
    other[1]["digest"] = "0" * 64
    skew = find_skew(json.dumps(other).encode(), ledger.versions)
    assert skew.describe() == [f"the text of version {SECOND} is not the one that is published"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}x", b"5", b'["a"]', b'[{"version": 5}]', b"null"])
def test_what_is_no_list_of_versions_is_named(content: bytes) -> None:
    """The error has one line, whatever answers there."""
    with pytest.raises(RecordError, match="not a list of versions"):
        find_skew(content, shipped().versions)


def test_the_command_tells_by_its_exit_code(cli: Run) -> None:
    """The exit code is 0 if this package is up to date, 1 if it is not, and 2 for an unusable address."""
    for ledger, code in ((shipped(), 0), (withdrawn_ledger(), 1)):
        service = Service(ledger, clock=lambda: NOW)
        with open_server(service.respond, host="127.0.0.1", port=0, log=lambda line: None) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            missing = find_skew(published(service), shipped().versions).describe()
            address = f"http://127.0.0.1:{server.server_address[1]}"
            result = cli("outdated", "--against", f"{address}/privacy/versions.json")
            nothing = cli("outdated", "--against", f"{address}/nowhere")
            server.shutdown()
            thread.join()
        assert result.returncode == code, result.stderr
        assert bool(missing) == bool(code)
        assert all(line in result.stderr.decode() for line in missing)
        assert nothing.returncode == 1
    assert cli("outdated", "--against", "file:///etc/passwd").returncode == 2

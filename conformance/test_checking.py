"""The page that checks copies, in browsers: it judges thousands of files as Python does, and sends nothing."""

import datetime
import json
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.papers import form_name
from mailmart_privacy.web.core import Service
from mailmart_privacy.web.dev_server import open_server
from tests.browser import describe_files, expect, harm, make_trust_list
from tests.golden import GOLDEN_AT, Golden, load_golden

from . import web
from .programs import QUICK, find_program, run

BROWSERS = {"chromium": "chromium", "firefox": "firefox-esr"}
_, ALL = load_golden()
_ALL = [(window, scheme) for window in ("narrow", "desktop") for scheme in ("light", "dark")]
VIEWS = [("narrow", "light"), ("desktop", "dark")] if QUICK else _ALL
EACH = 6 if QUICK else 66  # harmed files of each golden copy
SINCE = GOLDEN_AT - datetime.timedelta(days=9)

# What the page judges otherwise than Python, by what Python says and by what the copy is; all of it is meant.
MEANT = {
    ("genuine", "drawn"): "not judged",  # it cannot compare how a name in another script is drawn
    ("genuine", "chain"): "unknown signer",  # the list has only the root above its signer; paths are not judged
}


def kind_of(copy: Golden) -> str:
    return "drawn" if copy.name.startswith("name-") else copy.name.partition("-")[0]


@pytest.fixture(scope="module")
def trust_list() -> Any:
    """The signers' own certificates, except for one signer the root instead, and the root of the authority."""
    signers = {copy.roots[0] if kind_of(copy) == "chain" else copy.signer for copy in ALL}
    return make_trust_list(signers, {copy.roots[-1] for copy in ALL}, since=SINCE)


@pytest.fixture(scope="module")
def cases() -> list[tuple[Golden, bytes]]:
    """Each golden copy, whole and harmed."""
    chosen = random.Random(39)
    made = [(copy, copy.pdf) for copy in ALL]
    for copy in ALL:
        form = shipped().record(copy.version, form_name(copy.paper))
        made += [(copy, pdf) for pdf in harm(copy.pdf, len(form), EACH, chosen)]
    assert QUICK or len(made) > 2000
    return made


@pytest.fixture(scope="module")
def address(trust_list: Any) -> Iterator[str]:
    """A server on this machine that serves the page."""
    service = Service(shipped(), clock=lambda: GOLDEN_AT, trust_list=trust_list)
    with open_server(service.respond, host="127.0.0.1", port=0, log=lambda line: None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/privacy/verify"
        server.shutdown()


@pytest.fixture(scope="module", params=BROWSERS)
def seen(
    request: pytest.FixtureRequest,
    address: str,
    cases: list[tuple[Golden, bytes]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What a browser saw of the page, and what its scripts say of the files."""
    folder = tmp_path_factory.mktemp("chosen")
    whole = {copy.name: copy.pdf for copy in ALL}
    chosen = {
        "genuine.pdf": whole["p256-b-b-a4"],
        "lasting.pdf": whole["p384-b-lta-a4"],
        "stranger.pdf": whole["chain-b-t-a4"],
        "drawn.pdf": whole["name-japanese"],
        "altered.pdf": whole["p256-b-b-a4"].replace(b"(Recipient)", b"(Recipiend)"),
        "form.pdf": shipped().record(ALL[0].version, "form-a4.pdf"),
        "edition.pdf": shipped().record(ALL[0].version, "reading-a4.pdf"),
        "picture.pdf": b"\x89PNG",
    }
    for name, content in chosen.items():
        (folder / name).write_bytes(content)
    task = {
        "at": GOLDEN_AT.isoformat(),
        "views": VIEWS,
        "chosen": [str(folder / name) for name in chosen],
        **describe_files([pdf for _, pdf in cases], list(whole.values())),
    }
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    web.install()
    program = find_program(BROWSERS[request.param])
    output = run("node", web.FOLDER / "check.mjs", request.param, program, address, folder / "task.json")
    assert output.status == 0, output.stderr
    found: dict[str, Any] = json.loads(output.stdout)
    return found


def test_files_are_judged_as_python_judges_them(
    seen: dict[str, Any], cases: list[tuple[Golden, bytes]], trust_list: Any
) -> None:
    """More than two thousand genuine and harmed files of every level and kind of key, in one load of the page."""
    differing = []
    for (copy, pdf), (verdict, reason) in zip(cases, seen["judged"], strict=True):
        said, sentence = expect(pdf, trust_list.trust(), GOLDEN_AT)
        if verdict != MEANT.get((said, kind_of(copy)), said):
            differing.append((copy.name, verdict, reason, said, sentence))
    assert differing == []
    assert seen["requests"] == []
    assert seen["took"] < 120_000


def test_nothing_is_sent_and_nothing_complains(seen: dict[str, Any]) -> None:
    """From the moment a file was chosen, no request; under the strict policy the console stays silent."""
    assert len(seen["views"]) == len(VIEWS)
    for view in seen["views"]:
        assert view["sent"] == []
        # Firefox asks for the icon of a site by itself, and tells itself that the page forbids it.
        assert [said for said in view["complaints"] if "/favicon.ico" not in said] == []
        assert any(url.endswith("/privacy/scripts/published.js") for url in view["loaded"])


def test_verdicts_are_shown_and_accessible(seen: dict[str, Any]) -> None:
    """Each verdict is shown in its words, has the focus, fits the window, and breaks no rule of axe; drops too."""
    headlines = {
        "genuine.pdf": ("✓ Genuine, and unchanged", False),
        "lasting.pdf": None,
        "stranger.pdf": ("? We cannot confirm who signed", True),
        "drawn.pdf": None,
        "altered.pdf": ("✗ Not genuine", False),
        "form.pdf": ("✗ This is the published policy", False),
        "edition.pdf": ("✗ This is the published policy", False),
        "picture.pdf": ("✗ This file cannot be checked", False),
    }
    for view in seen["views"]:
        assert [shown["name"] for shown in view["shown"]] == list(headlines)
        assert view["dropped"]["headline"].startswith("✗ This file cannot be checked")
        for shown in view["shown"]:
            expected = headlines[shown["name"]]
            if expected is not None:  # the others depend on the day on which this runs
                assert shown["headline"].startswith(expected[0]), shown
                assert shown["canSend"] == expected[1], shown
            assert shown["escaped"] == 0, shown  # what is hidden is not seen: the empty frame for facts, for instance
            assert bool(shown["facts"]) == (shown["headline"][0] != "✗"), shown
            assert shown["focused"], shown
            assert shown["overflow"] <= 0, shown
            assert shown["violations"] == [], shown
            assert shown["incomplete"] == [], shown
            assert shown["passes"] > 10

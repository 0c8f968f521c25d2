"""The fragments in a page of somebody else's: below a reset of Tailwind's, in Chromium."""

import json
from pathlib import Path

from mailmart_privacy import redline
from mailmart_privacy.policy import read_style
from mailmart_privacy.policy.model import Policy
from tests.versions import FIRST, THIRD, three_version_ledger

from .programs import find_program, run
from .web import FOLDER, install

_HOST = """<div class="host"><h2 id="introduction">Ours</h2><ul><li>one</li></ul><ol><li>two</li></ol>
<p>Text <a href="#">link</a> <del>old</del> <ins>new</ins></p><table><tr><th>a</th><td>b</td></tr></table></div>"""


def test_a_reset_takes_nothing_away_and_the_rest_is_not_touched(policy: Policy, tmp_path: Path) -> None:
    """Headings, bullets and marks are there, in a layer or not; no rule reaches outside; no id clashes."""
    chromium, modules = find_program("chromium"), install()
    reset = (modules / "tailwindcss" / "preflight.css").read_text()
    ledger = three_version_ledger()
    comparison = redline.compare(ledger.policy(FIRST), ledger.policy(THIRD))
    fragments = policy.to_html(heading_level=2, id_prefix="text-", toc=True)
    fragments += redline.render_fragment(comparison, id_prefix="changes-")
    (tmp_path / "embedded.css").write_bytes(read_style("embedded"))
    pages = {}
    for name, style in (("layer", f"@layer base {{ {reset} }}"), ("bare", reset), ("none", "")):
        pages[name] = tmp_path / f"{name}.html"
        pages[name].write_text(
            f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>x</title><style>{style}</style>'
            f'<link rel="stylesheet" href="embedded.css"><body>{_HOST}{fragments}</body></html>'
        )
    output = run("node", FOLDER / "embed.mjs", chromium, *pages.values())
    assert output.status == 0, output.stderr
    for seen in json.loads(output.stdout).values():
        assert not seen["touched"]
        assert seen["title"] > seen["section"] > seen["part"] > seen["text"]
        assert (seen["weight"], seen["bullets"], seen["numbers"]) == ("600", "disc", "decimal")
        assert (seen["link"], seen["removed"], seen["added"]) == ("underline", "line-through", "underline")
        assert min(seen["indent"], seen["space"]) > 8
        assert len(set(seen["ids"])) == len(seen["ids"])
        assert seen["overflow"] == 0
    assert len(pages) == 3

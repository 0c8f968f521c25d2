"""Chromium with axe-core: is the page accessible (WCAG 2.2) and sound in a reader's browser?"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .programs import QUICK, ValidatorError, find_program, run
from .web import FOLDER, install

_ALL = tuple(f"{window}-{scheme}" for window in ("narrow", "phone", "desktop") for scheme in ("light", "dark"))
VIEWS = ("narrow-light", "desktop-dark") if QUICK else _ALL  # windows and colour schemes; "narrow" is 320 px wide


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What axe says about one of its rules.

    Attributes:
        rule: its name, for instance "color-contrast".
        help: what it demands.
        places: the elements, each with what is wrong.
    """

    rule: str
    help: str
    places: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """The page in one window and one colour scheme.

    Attributes:
        name: window and scheme, one of `VIEWS`.
        overflow: by how many pixels the page is wider than the window.
        outside: the elements that reach beyond the window's right edge.
        links: how many links lead into the page itself.
        broken_links: those of them that lead nowhere.
        background: the computed background colours of body and root.
        stylesheets: how many style sheets are in effect.
        scripts: how many scripts the page has; JSON-LD is data.
        requests: the addresses that were asked for, those of the server that serves the page without its name.
        complaints: all that came to the console, and every request that failed.
        violations: what axe refuses.
        incomplete: what axe could not decide.
        passes: the rules that axe applied and found kept.
    """

    name: str
    overflow: int
    outside: tuple[str, ...]
    links: int
    broken_links: tuple[str, ...]
    background: str
    stylesheets: int
    scripts: int
    requests: tuple[str, ...]
    complaints: tuple[str, ...]
    violations: tuple[Finding, ...]
    incomplete: tuple[Finding, ...]
    passes: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Print:
    """The page as it is printed by a reader with one colour scheme.

    Attributes:
        scheme: "light" or "dark".
        contrast: the contrast of each text colour to white paper, since backgrounds are not printed.
        files: the prints, by paper size.
    """

    scheme: str
    contrast: dict[str, float]
    files: dict[str, Path]


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """All that was seen of a page.

    Attributes:
        views: the page on screens.
        prints: the page on paper.
        served: the paths that a folder's server was asked for.
    """

    views: tuple[View, ...]
    prints: tuple[Print, ...]
    served: tuple[str, ...]


def visit(page: Path | str, out: Path) -> Visit:
    """Open a folder's page.html, or a server's page, in headless Chromium.

    Args:
        page: a folder that holds page.html and what it needs, which is served with a strict
            Content-Security-Policy; or the URL of a page on 127.0.0.1, whose server says what holds.
        out: where prints may go.

    Raises:
        MissingValidatorError: Chromium, Node.js or npm is not installed.
        ValidatorError: there is no verdict.
    """
    chromium = find_program("chromium")
    install()
    place = page if isinstance(page, str) else page.resolve()
    output = run("node", FOLDER / "browse.mjs", chromium, place, out.resolve(), *VIEWS)
    try:
        seen = json.loads(output.stdout)
        return Visit(
            views=tuple(_read_view(view) for view in seen["views"]),
            prints=tuple(_read_print(found) for found in seen["prints"]),
            served=tuple(seen["served"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ValidatorError(
            f"Chromium gave no verdict (exit status {output.status}, {error!r}):\n{output.stderr}"
        ) from None


def _read_view(view: dict[str, Any]) -> View:
    axe = view["axe"]
    return View(
        name=f"{view['window']}-{view['scheme']}",
        overflow=view["overflow"],
        outside=tuple(view["outside"]),
        links=view["links"],
        broken_links=tuple(view["brokenLinks"]),
        background=view["background"],
        stylesheets=view["stylesheets"],
        scripts=view["scripts"],
        requests=tuple(view["requests"]),
        complaints=tuple(view["complaints"]),
        violations=tuple(_read_finding(finding) for finding in axe["violations"]),
        incomplete=tuple(_read_finding(finding) for finding in axe["incomplete"]),
        passes=frozenset(axe["passes"]),
    )


def _read_finding(finding: dict[str, Any]) -> Finding:
    return Finding(rule=finding["id"], help=finding["help"], places=tuple(finding["nodes"]))


def _read_print(found: dict[str, Any]) -> Print:
    return Print(
        scheme=found["scheme"],
        contrast=dict(found["contrast"]),
        files={paper: Path(path) for paper, path in found["files"].items()},
    )

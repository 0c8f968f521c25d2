"""Policy → a whole HTML page, JSON, Markdown, plain text. All carry `Policy.digest`."""

import json
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _resources
from .._time import format_date, format_exact, format_iso, format_moment
from ..errors import UsageError
from .markup import FragmentOptions
from .model import Policy

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from .blocks import Block

PERMALINKS = FragmentOptions(permalinks=True)
SCHEMA = "urn:mailmart-privacy:schema:policy:1"


def render_html(
    policy: Policy, template: "str | Path | Template" = "page.html", *, stylesheet: str = "page.css"
) -> str:
    """Render the policy as a whole HTML page, or with another template.

    Args:
        policy: what to render.
        template: the name of a template of this package; or the path of a template of your own; or the path of a folder
            whose templates replace those of this package that have the same name; or a Jinja2 template.
        stylesheet: the URL that the page links as its style sheet; `read_style("page")` is made for it.

    Returns:
        The page. With the package's templates it holds no script and no inline style, so it works under a strict
        Content-Security-Policy. Every template sees `policy`, `version` (the same) and `stylesheet`; and `urls`,
        `address` and `status`, which are None here and set where a service renders the page. Text is escaped.

    Raises:
        UsageError: there is no such template, or it uses a variable that does not exist.
    """
    variables: dict[str, Any] = {
        "policy": policy,
        "version": policy,
        "stylesheet": stylesheet,
        "status": None,
        "urls": None,
        "address": None,
        "permalinks": PERMALINKS,
    }
    if isinstance(template, str):
        return render_template(template, **variables)
    if isinstance(template, PathLike):
        path = Path(template)
        folder, name = (path, "page.html") if path.is_dir() else (path.parent, path.name)
        return render_template(name, folder=folder, **variables)
    return template.render(variables)


def render_template(template: str, *, folder: "Path | str | None" = None, **variables: object) -> str:
    """Render a template of a folder, or the package's if the folder has none of that name.

    Raises:
        UsageError: there is no such template, or it uses a variable that does not exist.
    """
    from jinja2 import TemplateError, TemplateNotFound

    try:
        return environment(None if folder is None else str(folder)).get_template(template).render(variables)
    except TemplateNotFound as error:
        raise UsageError(f"there is no template {str(error)!r}; page.html is the one for a whole page") from None
    except TemplateError as error:
        raise UsageError(f"the template {template} cannot be rendered: {error}") from None


def read_style(name: str, *, fonts: bool = False, folder: "Path | str | None" = None) -> bytes:
    """Read a style sheet.

    Args:
        name: "page" or "redline" for a whole page: what all pages share, and what that kind adds. "embedded" for a
            fragment in a page of your own: it styles the fragment, and nothing else.
        fonts: whether it loads the fonts, which are served below its own address in `fonts/`.
        folder: a folder whose files replace the parts of this package that have the same name (`base.css`, `page.css`,
            `redline.css`, `embedded.css`), or None.
    """
    parts = (f"{name}.css",) if name == "embedded" else ("base.css", f"{name}.css")
    return b"".join(_read_part(part, folder) for part in (("fonts.css", *parts) if fonts else parts))


def _read_part(name: str, folder: "Path | str | None") -> bytes:
    own = None if folder is None else Path(folder, name)
    return own.read_bytes() if own is not None and own.is_file() else _resources.read_template(name)


def render_json(policy: Policy) -> str:
    """Render the policy as JSON, in the form of `data/schemas/policy.schema.json`.

    What was known at its release is in it, too; for a text that is not in the policy's history, that is null.
    """
    known = next((each for each in policy.history if each.text_id == policy.text_id), None)
    document = {
        "$schema": SCHEMA,
        "version": policy.version,
        "last_updated": policy.last_updated.isoformat(),
        "released_at": known and format_iso(known.released_at),
        "effective_at": known and format_iso(known.effective_at),
        "change": known and known.change,
        "summary": known and known.summary,
        "digest": policy.digest,
        "title": policy.title,
        "sections": [
            {
                "number": section.number,
                "id": section.id,
                "title": section.title,
                "blocks": [_block_to_json(block) for block in section.blocks],
            }
            for section in policy.sections
        ],
        "processors": [
            {"name": p.name, "purpose": p.purpose, "condition": p.condition, "entry": p.entry}
            for p in policy.processors
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


@cache
def environment(folder: str | None = None) -> "Environment":
    """Make the Jinja2 environment: strict, escaping, reading from a folder first, then from the package."""
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, FunctionLoader, StrictUndefined

    package = FunctionLoader(_load_template)
    environment = Environment(
        loader=package if folder is None else ChoiceLoader([FileSystemLoader(folder), package]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "longdate": format_date,
        "moment": format_moment,
        "exact": format_exact,
        "stamp": format_iso,
    }
    return environment


def _load_template(name: str) -> str | None:
    from jinja2.loaders import split_template_path

    try:
        return _resources.read_template("/".join(split_template_path(name))).decode("utf-8")
    except (OSError, ValueError):  # nothing there; a folder; no text; a name that no file can have
        return None


def _block_to_json(block: "Block") -> dict[str, Any]:
    match block.type:
        case "paragraph":
            return {"type": block.type, "text": block.text}
        case "heading":
            return {"type": block.type, "id": block.id, "text": block.text}
        case "list":
            return {"type": block.type, "items": list(block.items)}

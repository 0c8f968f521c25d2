"""`outdated`: whether a newer release of this package is published somewhere."""

import http.client
import urllib.error
import urllib.request

import click

from .._unicode import spell_out
from ..errors import PrivacyError, UsageError
from ..policy.ledger import shipped
from ..policy.outdated import find_skew
from .output import print_json

_TIMEOUT = 10  # seconds
_LARGEST = 1024 * 1024  # bytes


@click.command()
@click.option(
    "--against",
    "url",
    required=True,
    metavar="URL",
    help="A published list of versions: https://mailmart.com/privacy/versions.json.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def outdated(url: str, as_json: bool) -> None:
    """Tell whether this package lacks a version that is published at URL. The exit code is 1 if it does.

    Nothing is installed or kept.
    """
    skew = find_skew(_fetch(url), shipped().versions)
    if as_json:
        document = {"missing": skew.missing, "withdrawn": skew.withdrawn, "different": skew.different}
        print_json(document)
    elif not skew:
        click.echo(f"up to date with {spell_out(url)}")
    if skew:
        raise PrivacyError("\n".join(map(spell_out, skew.describe())))


def _fetch(url: str) -> bytes:
    if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise UsageError(f"{url!r:.200} does not begin with https://; give the address of a published versions.json")
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - the scheme is known
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            content: bytes = answer.read(_LARGEST + 1)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise PrivacyError(f"{spell_out(url)} cannot be read: {error}") from None
    if len(content) > _LARGEST:
        raise PrivacyError(f"{spell_out(url)} has more than {_LARGEST:,} bytes; that is not a list of versions")
    return content

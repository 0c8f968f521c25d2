"""`outdated`: whether a newer release of this package is published somewhere."""

import click

from .._unicode import spell_out
from ..errors import PrivacyError
from ..policy.ledger import shipped
from .output import print_json


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
    from ..release.outdated import fetch_versions, find_skew

    skew = find_skew(fetch_versions(url), shipped().versions)
    if as_json:
        print_json({"missing": skew.missing, "withdrawn": skew.withdrawn, "different": skew.different})
    elif not skew:
        click.echo(f"up to date with {spell_out(url)}")
    if skew:
        raise PrivacyError("\n".join(map(spell_out, skew.describe())))

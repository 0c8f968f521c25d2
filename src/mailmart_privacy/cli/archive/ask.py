"""`archive find`, `in-force` and `fetch`: what an archive answers."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..._time import parse_moment
from ..._unicode import spell_out
from ...archive.location import ArchiveLocation
from ...archive.withdrawals import describe_withdrawal
from ...policy.ledger import shipped
from ..files import write_out
from ..output import print_json
from ..times import moment_words
from .options import (
    archive_location,
    count_erasures,
    open_service,
    output_options,
    read_trusted,
    spell_moment,
    warn_of_withdrawal,
)

if TYPE_CHECKING:
    from ...archive.finding import Customer, Found, FoundCopy
    from ...archive.service import ArchiveService

_TEXTS = {"text": "policy.txt", "markdown": "policy.md", "json": "policy.json"}


@click.command("in-force")
@click.argument("time", metavar="TIME")
@archive_location(index=True)
@click.option(
    "--trust", multiple=True, metavar="CERT", help="The root certificate of the authority that stamped the log."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def in_force(time: str, location: ArchiveLocation, trust: tuple[str, ...], as_json: bool) -> None:
    """Say which version of the policy was in force at TIME: as the versions claim, and as can be proven.

    A version claims when it took effect. The first timestamp of an authority over the log that contains it proves that
    it was archived before that moment. Provably in force is the newest version that claims to have taken effect by TIME
    and was also stamped by TIME.
    """
    moment = parse_moment(time)
    service = open_service(location, "indexing")
    found = service.in_force(moment, trust=read_trusted(trust), ledger=shipped())
    answer = {
        "at": moment_words(moment),
        "version": found.version,
        "policy_digest": found.policy_digest,
        "claims_effective_at": spell_moment(found.effective_at),
        "archive_claims_recorded_at": spell_moment(found.recorded_at),
        "proven_archived_before": spell_moment(found.proven_before),
        "provably_in_force": found.provable,
        "archive_stamped_since": spell_moment(found.stamped_since),
        "files": [asdict(file) for file in found.files],
    }
    if as_json:
        print_json(answer)
        return
    if found.version is None:
        click.echo(f"no archived version claims to have been in force at {answer['at']}", err=True)
        return
    since = answer["archive_stamped_since"]
    why = f"its first timestamp is from {since}" if since else "the archive has no timestamp"
    click.echo(f"{found.version}")
    click.echo(f"  claims to be in force from  {answer['claims_effective_at']}")
    click.echo(f"  added, by the archive       {answer['archive_claims_recorded_at']}")
    click.echo(
        f"  proven to be there before   {answer['proven_archived_before'] or 'not proven: no timestamp covers it'}"
    )
    click.echo(f"  provably in force then      {found.provable or f'cannot be proven for that time: {why}'}")
    click.echo(f"  text, SHA-256               {found.policy_digest}")


@click.command()
@click.argument("text", metavar="TEXT")
@archive_location(key=True)
@click.option("--exact", is_flag=True, help="Only the customer of exactly this name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def find(text: str, location: ArchiveLocation, exact: bool, as_json: bool) -> None:
    """Find what customers received: by a part of a name or of a reference, or the beginning of a digest.

    Case, accents and the kinds of quotes do not count. The whole log is read and compared with its checkpoint. Names
    are decrypted for the search only. Erased customers cannot be found.
    """
    service = open_service(location, "searching")
    found = service.find(text, exact=exact)
    if as_json:
        print_json(_found_to_json(found, exact=exact))
        return
    for customer in found.customers:
        _print_customer(customer)
    if not found.customers:
        click.echo(f"No customer on record matches {text!r}.", err=True)
    if found.similar:
        click.echo(f"Similar: {', '.join(found.similar)}", err=True)
    click.echo(_describe_search(found, service, exact=exact), err=True)


def _describe_search(found: "Found", service: "ArchiveService", *, exact: bool) -> str:
    """Say what was searched, and what the answer does not show."""
    searched = "names" if exact else "names, references and digests"
    since = f" since {found.begins_at:%Y-%m-%d}" if found.begins_at else ""
    return (
        f"Searched: {searched} in {found.entries:,} entries of {service.archive.metadata.origin}"
        f"{since}. {count_erasures(found.erasures)}; an erased customer cannot be told from an unknown one, and "
        "copies issued elsewhere are not on record."
    )


def _print_customer(customer: "Customer") -> None:
    notes = ["held"] if customer.held else []
    if customer.erasure_due_at is not None:
        notes.append(f"erasure waits until {moment_words(customer.erasure_due_at)}")
    click.echo(customer.name + (f"  ({'; '.join(notes)})" if notes else ""))
    for copy in customer.copies:
        words = [moment_words(copy.issued_at), copy.reference, f"version {copy.version}", copy.level, copy.digest]
        if copy.renews:
            words.append(f"renews {copy.renews[:16]}")
        if copy.withdrawn_at:
            words.append(describe_withdrawal(copy.withdrawn_at, copy.withdrawn_because))
        click.echo("  " + spell_out("  ".join(words)))


def _found_to_json(found: "Found", *, exact: bool) -> dict[str, Any]:
    return {
        "searched_for": found.text,
        "searched_in": ["names"] if exact else ["names", "references", "digests"],
        "entries": found.entries,
        "begins_at": spell_moment(found.begins_at),
        "erasures": found.erasures,
        "customers": [
            {
                "name": customer.name,
                "pseudonym": customer.pseudonym,
                "held": customer.held,
                "erasure_due_at": spell_moment(customer.erasure_due_at),
                "copies": [_copy_to_json(copy) for copy in customer.copies],
            }
            for customer in found.customers
        ],
        "similar": list(found.similar),
    }


def _copy_to_json(copy: "FoundCopy") -> dict[str, Any]:
    found: dict[str, Any] = asdict(copy) | {"actor": copy.actor.name if copy.actor else None}
    for name in ("issued_at", "recorded_at", "withdrawn_at"):
        found[name] = spell_moment(found[name])
    return found


@click.command()
@click.argument("digest", metavar="DIGEST")
@archive_location(index=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["pdf", "text", "markdown", "html", "json"]),
    default="pdf",
    show_default=True,
    help="The copy itself, or the text of its version.",
)
@output_options
def fetch(digest: str, location: ArchiveLocation, form: str, output: str, force: bool) -> None:
    """Fetch an archived file by its digest, or the first eight or more characters of it.

    The file and its row in the index are compared with the log first. If the copy was withdrawn, a note says so.
    """
    service = open_service(location, "indexing")
    if form == "pdf":
        content = service.fetch(digest)
    elif form == "html":
        content = service.fetch_page(digest)
    else:
        content = service.fetch_text(digest, _TEXTS[form])
    write_out(output, content, binary=form == "pdf", force=force)
    warn_of_withdrawal(service, digest)

"""`archive list`, `find`, `in-force` and `fetch`: what an archive answers."""

import csv
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from ..._time import parse_moment
from ...archive.location import ArchiveLocation
from ...archive.lookup import NoSuchCustomerError, find_namesakes
from ...archive.register import read_register
from ...errors import UsageError
from ...keys.digests import parse_digest
from ...policy.ledger import shipped
from ..files import write_out
from ..output import print_json
from ..times import moment_words
from ..values import as_value
from .options import archive_location, open_service, output_options, read_trusted, row_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...archive.finding import Customer, Found, FoundCopy
    from ...archive.index.index import Row
    from ...archive.service import ArchiveService

_TEXTS = {"text": "policy.txt", "markdown": "policy.md", "json": "policy.json"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ListOptions:
    """The options that choose rows of the index."""

    kind: str | None
    policy: str | None
    recipient: str | None
    signer: str | None
    since: str | None
    until: str | None
    limit: int | None

    def conditions(self, service: "ArchiveService") -> dict[str, Any]:
        """Read them as arguments of `Index.rows`."""
        wanted: dict[str, Any] = {
            "kinds": (self.kind,) if self.kind else (),
            "version": self.policy,
            "signer": None if self.signer is None else _read_signer(self.signer),
            "since": parse_moment(self.since) if self.since else None,
            "until": parse_moment(self.until) if self.until else None,
            "limit": self.limit,
        }
        if self.recipient is not None:
            try:
                found = find_namesakes(service.archive, service.keyring().names_key, self.recipient)
            except NoSuchCustomerError:
                found = []
                gone = len(read_register(service.archive).erased_customers)
                click.echo(
                    f"No customer is called exactly {self.recipient!r}; `archive find` looks for parts of names. "
                    f"{_count_erasures(gone)}; an erased customer cannot be told from an unknown one.",
                    err=True,
                )
            wanted["recipients"] = [each.pseudonym for each in found] or ["-"]
        return wanted


@click.command("list")
@archive_location(key=True, index=True)
@as_value(
    "wanted",
    ListOptions,
    click.option("--kind", type=click.Choice(["customer-copy", "published-version"])),
    click.option("--policy", metavar="VERSION", help="Copies of this version only."),
    click.option("--recipient", metavar="NAME", help="Copies for this recipient only; needs the archive's key."),
    click.option("--signer", metavar="SHA256", help="Copies signed with this certificate only."),
    click.option("--since", metavar="TIME", help="Archived at that time or later: 2026-03-01T09:00:00Z."),
    click.option("--until", metavar="TIME", help="Archived before that time."),
    click.option("--limit", type=click.IntRange(1), metavar="N", help="List at most N."),
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_copies(location: ArchiveLocation, wanted: ListOptions, as_csv: bool, as_json: bool) -> None:
    """List what is archived, the oldest first. Recipients are shown by their pseudonyms."""
    if as_csv and as_json:
        raise UsageError("give --csv or --json, not both")
    service = open_service(location, "indexing")
    with service.index() as index:
        _print_rows(index.rows(**wanted.conditions(service)), as_csv=as_csv, as_json=as_json)
        click.echo(
            f"from the index, which has read {index.size:,} entries; `archive reindex` builds it from the log again",
            err=True,
        )


def _read_signer(text: str) -> str:
    """Read the digest of a certificate, also in the spelling of other programs."""
    digest = parse_digest(text)
    if digest is None:
        raise UsageError(
            f"{text!r} is not the SHA-256 of a certificate; `mailmart-privacy identity show` prints your own"
        )
    return digest


def _print_rows(rows: "Iterable[Row]", *, as_csv: bool, as_json: bool) -> None:
    if as_json:
        print_json({"entries": [row_to_json(row) for row in rows]})
        return
    if as_csv:
        from ...archive.index.rows import SHOWN

        writer = csv.DictWriter(sys.stdout, SHOWN, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row_to_json(row) | {"erased": str(row.erased).lower()} for row in rows)
        return
    for place, row in enumerate(rows):
        if not place:
            click.echo(f"{'Entry':>8}  {'Recorded (UTC)':<16}  {'Policy':<10}  {'SHA-256':<16}  What")
        who = "erased" if row.erased else (row.recipient or "-")[:8]
        what = f"copy {who}, {row.level}" if row.kind == "customer-copy" else row.name.rpartition("/")[2]
        recorded = moment_words(row.recorded_at)[:16].replace("T", " ")
        click.echo(f"{row.number:>8}  {recorded:<16}  {row.version or '-':<10}  {row.digest[:16]}  {what}")


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
        "claims_effective_at": _or_none(found.effective_at),
        "archive_claims_recorded_at": _or_none(found.recorded_at),
        "proven_archived_before": _or_none(found.proven_before),
        "provably_in_force": found.provable,
        "archive_stamped_since": _or_none(found.stamped_since),
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


def _or_none(moment: Any) -> str | None:
    return None if moment is None else moment_words(moment)


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
        f"{since}. {_count_erasures(found.erasures)}; an erased customer cannot be told from an unknown one, and "
        "copies issued elsewhere are not on record."
    )


def _count_erasures(count: int) -> str:
    words = {0: "No customer was erased", 1: "1 customer was erased"}
    return words.get(count, f"{count:,} customers were erased")


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
            words.append(f"WITHDRAWN on {copy.withdrawn_at:%Y-%m-%d}: {copy.withdrawn_because}")
        click.echo("  " + "  ".join(words))


def _found_to_json(found: "Found", *, exact: bool) -> dict[str, Any]:
    return {
        "searched_for": found.text,
        "searched_in": ["names"] if exact else ["names", "references", "digests"],
        "entries": found.entries,
        "begins_at": _or_none(found.begins_at),
        "erasures": found.erasures,
        "customers": [
            {
                "name": customer.name,
                "pseudonym": customer.pseudonym,
                "held": customer.held,
                "erasure_due_at": _or_none(customer.erasure_due_at),
                "copies": [_copy_to_json(copy) for copy in customer.copies],
            }
            for customer in found.customers
        ],
        "similar": list(found.similar),
    }


def _copy_to_json(copy: "FoundCopy") -> dict[str, Any]:
    found = asdict(copy) | {"actor": copy.actor.name if copy.actor else None}
    for name in ("issued_at", "recorded_at", "withdrawn_at"):
        found[name] = _or_none(found[name])
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

    The file and its row in the index are compared with the log first.
    """
    service = open_service(location, "indexing")
    if form == "pdf":
        content = service.fetch(digest)
    elif form == "html":
        content = service.fetch_page(digest)
    else:
        content = service.fetch_text(digest, _TEXTS[form])
    write_out(output, content, binary=form == "pdf", force=force)

"""`archive list`: what is archived, as the index has it."""

import csv
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ..._time import parse_moment
from ...archive.location import ArchiveLocation
from ...archive.lookup import NoSuchCustomerError, find_namesakes
from ...archive.register import read_register
from ...archive.withdrawals import describe_withdrawal
from ...errors import UsageError
from ...keys.digests import parse_digest
from ..output import print_json
from ..times import moment_words
from ..values import as_value
from .options import archive_location, count_erasures, open_service, row_to_json, spell_moment

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from ...archive.index.index import Row
    from ...archive.service import ArchiveService


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
                    f"{count_erasures(gone)}; an erased customer cannot be told from an unknown one.",
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
    """List what is archived, the oldest first. Recipients are shown by their pseudonyms.

    The rows come from the index; which copies were withdrawn is read from the log.
    """
    if as_csv and as_json:
        raise UsageError("give --csv or --json, not both")
    service = open_service(location, "indexing")
    withdrawals = service.withdrawals()
    with service.index() as index:
        _print_rows(index.rows(**wanted.conditions(service)), withdrawals, as_csv=as_csv, as_json=as_json)
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


def _print_rows(
    rows: "Iterable[Row]", withdrawals: "dict[int, datetime.datetime]", *, as_csv: bool, as_json: bool
) -> None:
    def spell(row: "Row") -> dict[str, Any]:
        return row_to_json(row) | {"withdrawn_at": spell_moment(withdrawals.get(row.number))}

    if as_json:
        print_json({"entries": [spell(row) for row in rows]})
        return
    if as_csv:
        from ...archive.index.rows import SHOWN

        writer = csv.DictWriter(sys.stdout, (*SHOWN, "withdrawn_at"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(spell(row) | {"erased": str(row.erased).lower()} for row in rows)
        return
    for place, row in enumerate(rows):
        if not place:
            click.echo(f"{'Entry':>8}  {'Recorded (UTC)':<16}  {'Policy':<10}  {'SHA-256':<16}  What")
        who = "erased" if row.erased else (row.recipient or "-")[:8]
        what = f"copy {who}, {row.level}" if row.kind == "customer-copy" else row.name.rpartition("/")[2]
        if row.number in withdrawals:
            what += f", {describe_withdrawal(withdrawals[row.number])}"
        recorded = moment_words(row.recorded_at)[:16].replace("T", " ")
        click.echo(f"{row.number:>8}  {recorded:<16}  {row.version or '-':<10}  {row.digest[:16]}  {what}")

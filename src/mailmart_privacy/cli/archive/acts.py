"""`archive withdraw`, `hold`, `release`, `holds` and `erase`: what people do to what is archived."""

import click

from ..._unicode import spell_out
from ...archive.location import ArchiveLocation
from ...errors import UsageError
from ..output import print_json
from ..times import moment_words
from .options import archive_location, open_service, reason_options


@click.command()
@click.argument("digest")
@archive_location(key=True, index=True)
@reason_options
def withdraw(digest: str, location: ArchiveLocation, reason: str, matter: str) -> None:
    """Record that a copy is withdrawn: it was issued wrongly, or never sent. The copy stays in the archive."""
    from ...archive.recipients import Details

    if not reason:
        raise UsageError("say why the copy is withdrawn: --reason TEXT")
    service = open_service(location)
    done = service.withdraw(digest, details=Details(reason=reason, matter=matter))
    click.echo(f"withdrawn: the copy of entry {done.entry.about:,}; recorded as entry {done.number:,}")


@click.command()
@click.argument("target", metavar="NAME|DIGEST")
@archive_location(key=True, index=True)
@reason_options
@click.option(
    "--as", "kind", type=click.Choice(["customer", "copy"]), help="What NAME|DIGEST is, where it could be either."
)
def hold(target: str, location: ArchiveLocation, reason: str, matter: str, kind: str | None) -> None:
    """Place a legal hold on a customer, by the exact name, or on one copy, by its digest.

    While a hold is in place, nobody can erase the customer. In S3 with object lock, the store also locks the files
    that are there; copies that come later are held by the log alone.
    Neither reason nor matter should name the customer: both stay when the customer is erased.
    """
    from ...archive.recipients import Details

    service = open_service(location)
    by_name = service.is_name(target) if kind is None else kind == "customer"
    named: dict[str, str] = {"name" if by_name else "digest": target}
    placed = service.hold(**named, details=Details(reason=reason, matter=matter))
    what = target if placed.entry.about is None else f"the copy of entry {placed.entry.about:,}"
    click.echo(f"held: {what}; recorded as entry {placed.number:,}")


@click.command()
@click.argument("number", metavar="[NUMBER]", type=int, required=False)
@archive_location(key=True)
@click.option("--matter", metavar="M", help="Lift all holds of this matter.")
@click.option("--reason", metavar="TEXT", default="", help="Why, in your own words.")
def release(number: int | None, location: ArchiveLocation, matter: str | None, reason: str) -> None:
    """Lift a hold, by the number of its entry, or all holds of a matter; `archive holds` lists them."""
    from ...archive.recipients import Details

    if (number is None) == (matter is None):
        raise UsageError("give the number of a hold's entry, or --matter M; `archive holds` lists them")
    service = open_service(location)
    holds = service.holds(number=number, matter=matter or "")
    if not holds:
        raise UsageError("there is no such hold; `archive holds` lists those in place")
    done = service.release(holds, details=Details(reason=reason, matter=matter or ""))
    for each, entry in zip(holds, done, strict=True):
        click.echo(f"released: hold no. {each.number:,}; recorded as entry {entry.number:,}")


@click.command("holds")
@archive_location(key=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_holds(location: ArchiveLocation, as_json: bool) -> None:
    """List the holds that are in place."""
    service = open_service(location)
    key = service.keyring().names_key
    names = {record.pseudonym: record.name for record in service.archive.recipients(key)}
    staff = service.archive.staff(key)
    rows = [
        {
            "entry": each.number,
            "placed_at": moment_words(each.placed_at),
            "customer": names.get(each.recipient or ""),
            "copy_entry": each.about,
            "matter": each.details.matter,
            "reason": each.details.reason,
            "actor": staff[each.actor].name if each.actor in staff else None,
        }
        for each in service.holds()
    ]
    if as_json:
        print_json({"holds": rows})
        return
    for row in rows:
        about = f"the copy of entry {row['copy_entry']}" if row["copy_entry"] is not None else "all copies"
        words = [f"no. {row['entry']}", row["placed_at"], row["customer"] or "-", about, row["matter"], row["reason"]]
        click.echo(spell_out("  ".join(str(word) for word in words if word)))
    if not rows:
        click.echo("there are no holds", err=True)


@click.command()
@click.argument("recipient", metavar="NAME")
@archive_location(key=True)
@reason_options
@click.option("--person", is_flag=True, help="NAME is a member of staff, as reports show it; copies stay.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def erase(recipient: str, location: ArchiveLocation, reason: str, matter: str, person: bool, yes: bool) -> None:
    """Erase a customer, by the exact name: the name, and the copies that show it. The log stays whole.

    The log keeps, under a pseudonym, that a customer was erased (Art. 17 GDPR), when and by whom. An erasure cannot be
    undone. While a legal hold is in place, nothing is erased. If the store locks a copy, the erasure waits until the
    lock ends; `archive renew` then carries it out. `archive certify` writes a certificate of an erasure that is done.
    """
    from ...archive.lookup import find_customer
    from ...archive.recipients import Details
    from ...archive.register import copies_of

    service = open_service(location)
    if person:
        if not yes:
            click.confirm(f"Permanently erase the member of staff {recipient}?", abort=True, err=True)
        click.echo(f"erased: the name; recorded as entry {service.erase_person(recipient).number:,}")
        return
    found = find_customer(service.archive, service.keyring().names_key, recipient)
    count = len(copies_of(service.archive, found.pseudonym).copies)
    copies = "1 copy" if count == 1 else f"{count:,} copies"
    if not yes:
        click.confirm(f"Permanently erase {found.name} and {copies}?", abort=True, err=True)
    done = service.erase(recipient, details=Details(reason=reason, matter=matter))
    if done.due_at is not None:
        click.echo(
            f"waiting: the store locks a copy until {moment_words(done.due_at)}; recorded as entry "
            f"{done.entry.number:,}. `archive renew` erases {copies} and the name after that."
        )
    else:
        click.echo(f"erased: the name and {copies}; recorded as entry {done.entry.number:,}")

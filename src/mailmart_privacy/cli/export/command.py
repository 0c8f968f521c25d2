"""`export`: a signed copy, addressed to a recipient."""

import datetime
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._time import format_iso
from ..._unicode import spell_out
from ...batch.file_names import name_file
from ...errors import UsageError
from ...policy.ledger import shipped
from ...policy.papers import Paper
from ..archive.options import open_service
from ..edge import form_cache, now
from ..files import require_place, write_out
from ..help import GroupedCommand
from ..options import (
    ArchiveOptions,
    OutputOptions,
    Signing,
    SigningOptions,
    archive_location_options,
    output_options,
    signing_options,
)
from ..output import print_json
from ..show import VersionOptions, choose_one, version_options
from ..values import as_value
from .batch import export_batch
from .options import BatchOptions, batch_options, require_single
from .result import BatchExport, settle

if TYPE_CHECKING:
    from ...archive.delivery import ArchivedCopy
    from ...archive.location import ArchiveLocation
    from ...archive.service import ArchiveService
    from ...copies.issuer import IssuedCopy
    from ...keys.identity import Identity
    from ...trust.anchors import Trust


_GROUPS = {
    "Many customers": (
        "recipients",
        "sheet",
        "columns",
        "header_row",
        "hidden",
        "check",
        "max_rows",
        "dry_run",
        "resume",
        "verify",
        "jobs",
        "manifest",
        "dask",
    ),
    "Signing": (
        "identity_file",
        "certificate_file",
        "passphrase_file",
        "level",
        "tsa",
        "tsa_certificate",
        "trust",
        "trust_timestamps",
    ),
    "Archive": ("archive", "archive_key", "archive_index", "same_reference"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyOptions:
    """The options that say what a copy shows."""

    recipient: str | None
    reference: str | None
    paper: Paper
    version: VersionOptions


@click.command(cls=GroupedCommand, groups=_GROUPS, short_help="Issue signed, dated copies.")
@as_value(
    "copy",
    CopyOptions,
    click.option("--to", "recipient", metavar="NAME", help="The recipient's name, as the copy will show it."),
    click.option(
        "--reference",
        metavar="R",
        help="A contract number or reference [default: made from the date and the recipient].",
    ),
    click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True),
    version_options,
)
@signing_options
@archive_location_options
@click.option("--same-reference", is_flag=True, help="Archive the copy even if another customer has its reference.")
@output_options
@batch_options
def export(
    copy: CopyOptions,
    same_reference: bool,
    signing: SigningOptions,
    archive: ArchiveOptions,
    output: OutputOptions,
    batch: BatchOptions,
) -> None:
    """Issue a signed, dated copy of the policy, addressed to NAME, and print the path of its file.

    With --recipients, issue a copy for each row of a sheet, into a folder (-d) or a ZIP file (-o FILE.zip). All rows
    are checked before the first copy is signed.

    The first use creates a self-signed identity for you and certifies the form with it; both are kept for the next
    time. With --archive, the copy is archived first. If that fails, no file is written.

    Levels above B-B need a timestamp authority; B-LT and B-LTA also need the root certificates to trust.
    """
    signing.require_sense()
    recipient, sheet = choose_one(
        "recipient",
        copy.recipient,
        "recipients",
        batch.recipients,
        why="--to names one recipient, --recipients a sheet of them",
    )
    version, place = copy.version.find().version, archive.location()
    if sheet is not None:
        if copy.reference is not None:
            raise UsageError("--reference is for one copy; in a sheet, references have a column of their own")
        export_batch(
            BatchExport(
                recipients=sheet,
                version=version,
                paper=copy.paper,
                signing=signing.read(),
                archive=place,
                same_reference=same_reference,
                options=batch,
                place=output,
            )
        )
        return
    if recipient is None:
        raise UsageError("name the recipient with --to NAME, or give a sheet of recipients with --recipients FILE")
    require_single()
    target, issued = _export_one(recipient, copy, version, signing, place, output=output, same_reference=same_reference)
    if target == "-":
        return
    if output.as_json:
        print_json(_describe(target, issued))
    else:
        click.echo(target)


def _export_one(
    recipient: str,
    copy: CopyOptions,
    version: str,
    signing: SigningOptions,
    place: "ArchiveLocation | None",
    *,
    output: OutputOptions,
    same_reference: bool,
) -> "tuple[str, IssuedCopy]":
    """Issue one copy, archive it if an archive is named, and write its file."""
    moment = now()
    target = _choose_target(output, version, recipient, moment)
    service = None
    if place is not None:  # first of all: if the archive cannot be used, neither an identity nor a copy is made
        service = open_service(place)
        service.keyring()
        if target != "-":
            settle(service, Path(target).parent)
    read = signing.read()
    identity = read.key()
    issued = _issue(read, identity, version, copy, recipient, moment)
    if remark := issued.remark:
        click.echo(f"note: {spell_out(remark)}", err=True)
    if service is not None:
        from ...trust.anchors import OWN, make_trust

        trust = read.authorities.trusted.read_to_issue() + make_trust([identity.certificate], source=OWN)
        _archive(service, target, issued.pdf, trust=trust, force=output.force, same_reference=same_reference)
    else:
        write_out(target, issued.pdf, binary=True, force=output.force)
    return target, issued


def _choose_target(output: OutputOptions, version: str, recipient: str, moment: datetime.datetime) -> str:
    """Choose the file of one copy, and refuse a place where it must not be written."""
    names = "-o names the file, -d the folder of a file named for you"
    given, directory = choose_one("output", output.output, "directory", output.directory, why=names)
    stem = name_file(version, recipient, f"{moment:%Y%m%dT%H%M%SZ}")
    target = os.path.join(directory or "", stem) if given is None else given
    if not target:
        raise UsageError("-o is empty; give the name of a file")
    if given == "-" and (output.as_json or sys.stdout.isatty()):
        raise UsageError("-o - writes the PDF to standard output; send it to a program, and leave out --json")
    if target != "-":
        require_place(Path(target), force=output.force)
    return target


def _archive(
    service: "ArchiveService",
    target: str,
    pdf: bytes,
    *,
    trust: "Trust",
    force: bool,
    same_reference: bool,
) -> None:
    """Archive a copy, and write its file only after that."""
    from ...archive.delivery import pass_archived, write_archived

    ledger = shipped()
    origin = service.archive.metadata.origin

    def tell(done: "ArchivedCopy") -> None:
        click.echo(
            f"archived as entry {done.entry:,} of {origin}; if its reader does not receive it, record that with: "
            f"mailmart-privacy archive withdraw {done.digest} --reason TEXT",
            err=True,
        )

    if target == "-":
        stream = sys.stdout.buffer
        pass_archived(service, stream, pdf, trust=trust, ledger=ledger, same_reference=same_reference, tell=tell)
        return
    done = write_archived(
        service, Path(target), pdf, trust=trust, ledger=ledger, force=force, same_reference=same_reference
    )
    click.echo(f"archived as entry {done.entry:,} of {origin}", err=True)


def _issue(
    signing: Signing,
    identity: "Identity",
    version: str,
    copy: CopyOptions,
    recipient: str,
    moment: datetime.datetime,
) -> "IssuedCopy":
    from ...copies.issuer import Issuer

    authorities = None if signing.level == "B-B" else signing.authorities.read()
    issuer = Issuer(
        identity, level=signing.level, authorities=authorities, fonts=signing.fonts, cache=form_cache(), clock=now
    )
    policy = shipped().policy(version)
    return issuer.issue(policy, recipient=recipient, reference=copy.reference, issued_at=moment, paper=copy.paper)


def _describe(target: str, issued: "IssuedCopy") -> dict[str, Any]:
    return {
        "file": target,
        "digest": issued.digest,
        "size": len(issued.pdf),
        "version": issued.version,
        "recipient": issued.recipient,
        "reference": issued.reference,
        "issued_at": format_iso(issued.issued_at),
        "remark": issued.remark,
    }

"""`export`: a signed copy, addressed to a recipient."""

import datetime
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..batch.file_names import name_file
from ..copies.pades import LEVELS
from ..errors import UsageError
from ..policy.ledger import shipped
from .archives import archive_options, open_service, read_location
from .authorities import Authorities, authority_options, read_authorities
from .batch import export_batch
from .batch_options import batch_options, read_batch, require_single
from .edge import form_cache, now
from .files import require_place, write_out
from .help import GroupedCommand
from .keys import KeyName, identity_options
from .show import choose_one, choose_version, policy_options

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..archive.service import ArchiveService
    from ..copies.issuer import IssuedCopy
    from ..keys.identity import Identity
    from ..typesetting.fonts import Typeface


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
        "trust_timestamps",
        "trust",
    ),
    "Archive": ("archive", "archive_key", "archive_index"),
}


@click.command(cls=GroupedCommand, groups=_GROUPS, short_help="Issue signed, dated copies.")
@click.option("--to", "recipient", metavar="NAME", help="The recipient's name, as it will stand on the copy.")
@click.option(
    "--reference", metavar="R", help="A contract number or reference [default: made from the date and the recipient]."
)
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@policy_options
@identity_options("Sign with this key: PEM, PKCS#12, pkcs11:… or awskms:… [default: your own].")
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="B-B",
    show_default=True,
    help="How long the copy can be checked (PAdES): B-B as long as the certificate is valid, B-LTA for decades.",
)
@authority_options
@archive_options(key=True, index=True)
@click.option("--same-reference", is_flag=True, help="Archive a reference that another customer has already.")
@click.option("-o", "--output", metavar="FILE|-", help="[default: privacy-policy-VERSION-NAME-TIME.pdf]")
@click.option(
    "-d", "--directory", metavar="DIR|URL", help="The folder for files with default names [default: this one]."
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@click.option(
    "--font", "fonts", multiple=True, metavar="FILE|NAME", help="A font for names in other scripts; may be repeated."
)
@batch_options
def export(
    recipient: str | None,
    reference: str | None,
    paper: str,
    policy: str | None,
    at: str | None,
    identity_file: str | None,
    certificate_file: str | None,
    passphrase_file: str | None,
    level: str,
    tsa: tuple[str, ...],
    tsa_certificate: tuple[str, ...],
    trust: tuple[str, ...],
    trust_timestamps: tuple[str, ...],
    archive: str | None,
    archive_key: str | None,
    archive_index: str | None,
    same_reference: bool,
    output: str | None,
    directory: str | None,
    force: bool,
    as_json: bool,
    fonts: tuple[str, ...],
    recipients: str | None,
    **many: Any,
) -> None:
    """Issue a signed, dated copy of the policy, addressed to NAME, and print the path of its file.

    With --recipients, issue a copy for each row of a sheet, into a folder (-d) or a ZIP file (-o FILE.zip). All rows
    are checked before the first copy is signed.

    The first use creates a self-signed identity for you and certifies the form with it; both are kept.
    With --archive the copy is archived first. If that fails, no file is written.

    Levels above B-B need a timestamp authority; B-LT and B-LTA also need the root certificates to trust.
    """
    if level != "B-B" and not tsa:
        raise UsageError(f"level {level} cannot be reached without a timestamp authority; name one with --tsa URL")
    recipient, recipients = choose_one(
        "recipient", recipient, "recipients", recipients, why="--to names one recipient, --recipients a sheet of them"
    )
    version = choose_version(policy, at).version
    authorities = read_authorities(tsa, tsa_certificate, trust, trust_timestamps)
    kept = read_location(archive, archive_key, archive_index) if archive else None
    if recipients is not None:
        if reference is not None:
            raise UsageError("--reference is for one copy; in a sheet, references have a column of their own")
        key = _choose_key(identity_file, passphrase_file, certificate_file)
        common = {"version": version, "paper": paper, "level": level, "authorities": authorities, "key": key}
        common |= {"fonts": _find_fonts(fonts), "archive": kept}
        places = {"directory": directory, "output": output, "force": force, "as_json": as_json}
        export_batch(read_batch(recipients, many | common | places))
        return
    if recipient is None:
        raise UsageError("name the recipient with --to NAME, or give a sheet of recipients with --recipients FILE")
    require_single()
    moment = now()
    names = "-o names the file, -d the folder of a file named for you"
    output, directory = choose_one("output", output, "directory", directory, why=names)
    stem = name_file(version, recipient, f"{moment:%Y%m%dT%H%M%SZ}")
    target = os.path.join(directory or "", stem) if output is None else output
    if not target:
        raise UsageError("-o is empty; give the name of a file")
    if output == "-" and (as_json or sys.stdout.isatty()):
        raise UsageError("the PDF goes to standard output with -o -; send it to a program, and leave out --json")
    if target != "-":
        require_place(Path(target), force=force)
    service = None
    if kept is not None:  # before anything is made: where it cannot be used, neither identity nor copy comes to be
        service = open_service(kept)
        service.keyring()
    identity = _choose_key(identity_file, passphrase_file, certificate_file)()
    issued = _issue(version, paper, recipient, reference, identity, moment, level, authorities, _find_fonts(fonts))
    if service is not None:
        trusted = (*authorities.roots, identity.certificate)
        _archive(service, target, issued.pdf, roots=trusted, force=force, same_reference=same_reference)
    else:
        write_out(target, issued.pdf, binary=True, force=force)
    if target != "-":
        click.echo(_describe(target, issued) if as_json else target)


def _archive(
    service: "ArchiveService",
    target: str,
    pdf: bytes,
    *,
    roots: "tuple[Certificate, ...]",
    force: bool,
    same_reference: bool,
) -> None:
    """Archive a copy, and only then give it out."""
    from ..archive.adding import ReferenceConflictError
    from ..archive.delivery import archive_copy, write_archived

    ledger = shipped()
    try:
        if target == "-":
            done = archive_copy(service, pdf, roots=roots, ledger=ledger, same_reference=same_reference)
            write_out(target, pdf, binary=True, force=force)
        else:
            done = write_archived(
                service, Path(target), pdf, roots=roots, ledger=ledger, force=force, same_reference=same_reference
            )
    except ReferenceConflictError as error:
        raise UsageError(f"{error}; if that is right, repeat it with --same-reference") from None
    click.echo(f"archived as entry {done.entry:,} of {service.archive.metadata.origin}", err=True)


def _find_fonts(names: tuple[str, ...]) -> "tuple[Typeface, ...]":
    if not names:
        return ()
    from ..typesetting.fonts import find_typeface

    return tuple(map(find_typeface, names))


def _choose_key(name: str | None, passphrase_file: str | None, certificate_file: str | None) -> KeyName:
    """Name the key that signs: the one that is given, else the user's own."""
    if name is None and certificate_file is not None:
        raise UsageError("--certificate is that of a key which --identity names; give both")
    return KeyName(name=name, passphrase_file=passphrase_file, certificate_file=certificate_file)


def _issue(
    version: str,
    paper: str,
    recipient: str,
    reference: str | None,
    identity: "Identity",
    moment: datetime.datetime,
    level: str,
    authorities: "Authorities",
    fonts: "tuple[Typeface, ...]",
) -> "IssuedCopy":
    from ..copies.issuer import Issuer

    authorized = None
    if level != "B-B":  # what only the other levels need to be imported
        from ..trust.authorities import Authorities as Asked

        authorized = Asked(timestamps=authorities.client(), roots=authorities.roots)
    issuer = Issuer(identity, level=level, authorities=authorized, fonts=fonts, cache=form_cache(), clock=now)
    policy = shipped().policy(version)
    return issuer.issue(policy, recipient=recipient, reference=reference, issued_at=moment, paper=paper)


def _describe(target: str, issued: "IssuedCopy") -> str:
    return json.dumps(
        {
            "file": target,
            "digest": issued.digest,
            "size": len(issued.pdf),
            "version": issued.version,
            "recipient": issued.recipient,
            "reference": issued.reference,
            "issued_at": issued.issued_at.isoformat().replace("+00:00", "Z"),
        },
        ensure_ascii=False,
        indent=2,
    )

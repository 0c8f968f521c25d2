"""`archive list`, `at`, `received`, `get` and `reindex`: what an archive answers."""

import csv
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from .._time import parse_moment
from ..errors import UsageError
from .archives import (
    archive_options,
    find_entry,
    find_row,
    moment_words,
    open_index,
    read_location,
    read_trusted,
    row_to_json,
)
from .edge import now
from .files import write_out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..archive.archive import Archive
    from ..archive.index.index import Index, Row


@click.command("list")
@archive_options(key=True, index=True)
@click.option("--kind", type=click.Choice(["customer-copy", "published-version"]))
@click.option("--policy", metavar="VERSION", help="Copies of this version only.")
@click.option("--recipient", metavar="NAME", help="Copies for this recipient only; needs the archive's key.")
@click.option("--signer", metavar="SHA256", help="Copies signed with this certificate only.")
@click.option("--since", metavar="TIME", help="Archived at that time or later: 2026-03-01T09:00:00Z.")
@click.option("--until", metavar="TIME", help="Archived before that time.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="No more than N.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_copies(
    archive: str | None,
    archive_key: str | None,
    archive_index: str | None,
    kind: str | None,
    policy: str | None,
    recipient: str | None,
    signer: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List what is archived, the oldest first. Recipients are shown by their pseudonyms."""
    if as_csv and as_json:
        raise UsageError("give --csv or --json, not both")
    location = read_location(archive, archive_key, archive_index)
    opened = location.open()
    wanted: dict[str, Any] = {"kinds": (kind,) if kind else (), "version": policy, "limit": limit}
    wanted["signer"] = None if signer is None else _read_signer(signer)
    wanted |= {"since": parse_moment(since) if since else None, "until": parse_moment(until) if until else None}
    if recipient is not None:
        found = opened.find_recipient(location.keyring(opened).names_key, recipient)
        wanted["recipients"] = [found.pseudonym] if found else ["-"]
    with open_index(location, opened) as index:
        if policy is not None:
            _require_version(index, policy)
        _print_rows(index.rows(**wanted), as_csv=as_csv, as_json=as_json)


def _read_signer(text: str) -> str:
    """Read the digest of a certificate, as other programs spell it, too."""
    digits = text.lower().removeprefix("sha256:").replace(":", "")
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise UsageError(f"{text!r} is no SHA-256 of a certificate; `mailmart-privacy identity show` prints your own")
    return digits


def _require_version(index: "Index", policy: str) -> None:
    known = {row.version or "" for row in index.rows(kinds=("published-version",))}
    if policy not in known:
        raise UsageError(f"the archive has no version {policy!r}; it has: {', '.join(sorted(known)) or 'none'}")


def _print_rows(rows: "Iterable[Row]", *, as_csv: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"entries": [row_to_json(row) for row in rows]}, ensure_ascii=False, indent=2))
        return
    if as_csv:
        from ..archive.index.rows import SHOWN

        writer = csv.DictWriter(sys.stdout, SHOWN, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row_to_json(row) | {"erased": str(row.erased).lower()} for row in rows)
        return
    for row in rows:
        who = "erased" if row.erased else (row.recipient or "-")[:8]
        what = row.level if row.kind == "customer-copy" else row.name.rpartition("/")[2]
        shown = f"{moment_words(row.recorded_at)}  {row.kind:<17}  {row.version or '-':<10}  {who:<8}"
        click.echo(f"{row.number:>8}  {shown}  {row.digest[:16]}  {what}")


@click.command()
@click.argument("time", metavar="TIME")
@archive_options(index=True)
@click.option("--trust", multiple=True, metavar="CERT", help="The root of the authority that stamped the anchors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def at(time: str, archive: str | None, archive_index: str | None, trust: tuple[str, ...], as_json: bool) -> None:
    """Say which version of the policy was in force at TIME: as it claims, and as can be proven.

    It claims its own beginning. It can be proven that it was archived before a moment: that of the first
    timestamp of an authority over the log with it. Provably in force is the newest version that claims to begin
    before TIME and was stamped before it, too.
    """
    from ..archive.anchoring import indexed_anchors
    from ..archive.anchors import proven_at, require_holding

    moment = parse_moment(time)
    location = read_location(archive, None, archive_index)
    opened = location.open()
    with open_index(location, opened) as index:
        rows = index.in_force(moment)
        anchors = require_holding(indexed_anchors(opened, index, roots=read_trusted(trust), at=now()))
        stamped = max((each.checkpoint.size for each in anchors if each.moment <= moment), default=0)
        provable = index.in_force(moment, below=stamped)
    if not rows:
        raise UsageError(f"no version that is archived claims to have been in force at {moment_words(moment)}")
    first = rows[0]
    proven = proven_at(first.number, anchors)
    for row in (*rows, *provable) if proven else provable:
        find_entry(opened, row)
    answer = {
        "at": moment_words(moment),
        "version": first.version,
        "policy_digest": first.policy_digest,
        "claims_effective_at": moment_words(first.effective_at),
        "archive_claims_recorded_at": moment_words(first.recorded_at),
        "proven_archived_before": None if proven is None else moment_words(proven),
        "provably_in_force": provable[0].version if provable else None,
        "files": [{"name": row.name, "digest": row.digest, "size": row.size} for row in rows],
    }
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    click.echo(f"{first.version}")
    click.echo(f"  claims to be in force from  {answer['claims_effective_at']}")
    click.echo(f"  the archive says it came    {answer['archive_claims_recorded_at']}")
    click.echo(f"  proven to be there before   {answer['proven_archived_before'] or 'no moment: no anchor covers it'}")
    click.echo(f"  provably in force then      {answer['provably_in_force'] or 'none: no version was stamped by then'}")
    click.echo(f"  text, SHA-256               {first.policy_digest}")


@click.command()
@click.argument("recipient")
@archive_options(key=True, index=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def received(
    recipient: str, archive: str | None, archive_key: str | None, archive_index: str | None, as_json: bool
) -> None:
    """Say what RECIPIENT received: which copies, when, with which text. Case and spaces do not count."""
    from ..archive.recipients import open_reference

    location = read_location(archive, archive_key, archive_index)
    opened = location.open()
    found = opened.find_recipient(location.keyring(opened).names_key, recipient)
    if found is None:
        raise UsageError(f"the archive has no recipient {recipient!r}, or no longer")
    with open_index(location, opened) as index:
        copies = [
            row_to_json(row) | {"reference": open_reference(found, row.sealed) if row.sealed else None}
            for row in index.rows(recipients=[found.pseudonym], kinds=("customer-copy",))
        ]
    if as_json:
        click.echo(json.dumps({"recipient": found.name, "copies": copies}, ensure_ascii=False, indent=2))
        return
    for copy in copies:
        shown = f"{copy['issued_at']}  {copy['reference']}  version {copy['version']}  {copy['level']}"
        click.echo(f"{shown}  {copy['digest']}" + (f"  renews {copy['renews'][:16]}" if copy["renews"] else ""))


@click.command()
@click.argument("digest", metavar="DIGEST")
@archive_options(index=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["pdf", "text", "markdown", "html", "json"]),
    default="pdf",
    show_default=True,
    help="The copy itself, or the text that it is of.",
)
@click.option("-o", "--output", default="-", metavar="FILE|-", help="[default: standard output]")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def get(digest: str, archive: str | None, archive_index: str | None, form: str, output: str, force: bool) -> None:
    """Get an archived file by its digest, or the first eight or more characters of it; it is held against its entry."""
    location = read_location(archive, None, archive_index)
    opened = location.open()
    with open_index(location, opened) as index:
        row = find_row(index, digest)
        if form == "pdf":
            content = opened.read_file(row.file)
        else:
            content = _read_text(opened, index.rows(kinds=("published-version",), version=row.version), form)
    if content is None:
        raise UsageError(f"{row.name} is no longer there: its recipient was erased")
    write_out(output, content, binary=form == "pdf", force=force)


def _read_text(archive: "Archive", rows: "Iterable[Row]", form: str) -> bytes | None:
    name = {"text": "policy.txt", "markdown": "policy.md", "html": "policy.json", "json": "policy.json"}[form]
    for row in rows:
        if row.name.endswith(f"/{name}"):
            content = archive.read_file(row.file)
            return _render_page(content) if form == "html" and content is not None else content
    raise UsageError(f"the archive has no {name} of that version")


def _render_page(recorded: bytes) -> bytes:
    """Render the page of an archived version: how a page looks is not archived, its text is."""
    from ..policy.ledger import policy_from_json
    from ..policy.render import render_html

    return render_html(policy_from_json(json.loads(recorded))).encode()


@click.command()
@archive_options(index=True)
def reindex(archive: str | None, archive_index: str | None) -> None:
    """Build the index anew from the log. It holds nothing that the log does not."""
    from .progress import show_progress

    location = read_location(archive, None, archive_index)
    opened = location.open()
    with open_index(location, opened) as index, show_progress("indexing", opened.checkpoint().size) as progress:
        index.rebuild(opened, lambda done, total: progress.reach(done))
        click.echo(f"indexed: {index.size:,} entries")

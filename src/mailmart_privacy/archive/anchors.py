"""Anchors: checkpoints that others have seen, with an authority's timestamp over them (RFC 3161).

An anchor is itself logged, so a later one covers it: while there is always one whose authority's
certificate is valid, all those before it are shown to have been made in time (as in RFC 4998, 5).
"""

import base64
import datetime
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ..errors import TamperedError, UntrustedError, one_line
from ..keys.certificates import subject_name
from ..trust.anchors import as_trust
from ..trust.path_validator import PathValidator, describe_certificate
from ..trust.purposes import NotTrustedError
from ..trust.revocation import gather_for_token
from ..trust.timestamp_response import read_response, write_response
from ..trust.timestamp_token import Token, read_token, require_stamped
from ..trust.validation_data import ValidationData
from .archive import Archive
from .entries import LogEntry, write_json
from .layout import ANCHORS, CHECKPOINT
from .session import Session
from .tlog.merkle import is_consistent, prove_consistency
from .tlog.notes import Checkpoint

if TYPE_CHECKING:
    from cryptography import x509

    from ..trust.anchors import Trusted
    from ..trust.timestamp_client import TimestampClient
    from .tlog.tiles import Tiles

_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anchor that was verified: it was stamped by an authority that could be trusted then.

    Attributes:
        entry: in the log.
        checkpoint: the state of the log that it covers.
        moment: when it was stamped (aware, UTC).
        authority: the name in the authority's certificate.
        expires_at: when that certificate, or one on its way to the root, expires (aware, UTC).
        path: the certificates from the authority's to the root.
        lapsed: why it no longer proves anything, because no other anchor covered it in time; empty if it holds.
    """

    entry: LogEntry
    checkpoint: Checkpoint
    moment: datetime.datetime
    authority: str
    expires_at: datetime.datetime
    path: "tuple[x509.Certificate, ...]"
    lapsed: str = ""


def anchor(
    session: Session,
    *,
    timestamps: "TimestampClient",
    trust: "Trusted",
    at: datetime.datetime,
    cosign: Callable[[Checkpoint], Checkpoint] = lambda checkpoint: checkpoint,
) -> LogEntry:
    """Publish the log, and have its checkpoint stamped; archive the timestamp and the data to judge it by.

    Args:
        session: an archive that is being added to.
        timestamps: whom to ask.
        trust: whom to trust for timestamps.
        at: now (aware).
        cosign: adds the signatures of witnesses to a checkpoint.

    Returns:
        The entry of the anchor.

    Raises:
        LevelError: no authority gave a usable answer, or it cannot be shown that its certificate holds.
    """
    checkpoint = cosign(session.publish())
    token = timestamps.stamp(sha256(checkpoint.note).digest())
    data = gather_for_token(token, trust=trust, at=at, level="of an anchor", timeout=_TIMEOUT)
    response = write_response(token.content)
    stem = f"{ANCHORS}/{checkpoint.size:012}-{sha256(response).hexdigest()[:16]}"
    files = {
        f"{stem}.checkpoint": checkpoint.note,
        f"{stem}.json": _write_data(data),
        f"{stem}.tsr": response,
    }
    return session.add_anchor(checkpoint.size, list(files.items()))


def verify_anchors(
    archive: Archive, entries: Iterable[LogEntry], *, trust: "Trusted", at: datetime.datetime
) -> list[Anchor]:
    """Verify all anchors of an archive.

    Args:
        archive: whose.
        entries: those of the anchors.
        trust: whom to trust for timestamps.
        at: the moment for which the last of them is judged (aware); each other one is judged for the
            moment of one that covers it.

    Returns:
        The anchors, oldest first, also those that have lapsed; see `require_holding`.

    Raises:
        TamperedError: one is not what was stamped, or was stamped over other entries than those that are there.
        UntrustedError: an authority's certificate leads to none of those trusted, or could not be trusted when it
            stamped.
    """
    found: list[Anchor] = []
    newest_first = sorted(entries, key=lambda each: each.number, reverse=True)
    if not newest_first:
        return found
    published = archive.checkpoint()  # once for all of them
    tiles = archive.log.tiles(published.size)
    for entry in newest_first:
        covering = [each.moment for each in found if each.checkpoint.size > entry.number and not each.lapsed]
        found.append(_verify(archive, entry, published, tiles, trust, min([at, *covering])))
    return found[::-1]


def require_holding(anchors: Sequence[Anchor]) -> list[Anchor]:
    """Choose the anchors that hold.

    Raises:
        UntrustedError: there are some, and all have lapsed.
    """
    holding = [each for each in anchors if not each.lapsed]
    if anchors and not holding:
        raise UntrustedError(f"{anchors[-1].lapsed}; anchor the log again")
    return holding


def proven_at(number: int, anchors: Sequence[Anchor]) -> datetime.datetime | None:
    """Tell before which moment an entry is proven to have been logged, or None where no anchor covers it."""
    return min((each.moment for each in anchors if each.checkpoint.size > number), default=None)


def choose_chain(number: int, anchors: Sequence[Anchor], at: datetime.datetime) -> list[Anchor]:
    """Choose the anchors that show when an entry existed: the first one over it, then as few as extend that proof.

    Args:
        number: of the entry.
        anchors: those that hold, oldest first.
        at: until when it is to be shown (aware).

    Returns:
        The anchors, oldest first; each but the first was stamped while the one before it held, and covers it.
    """
    chain = [each for each in anchors if each.checkpoint.size > number][:1]
    while chain and chain[-1].expires_at < at:
        last = chain[-1]
        nexts = [
            each for each in anchors if each.checkpoint.size > last.entry.number and each.moment <= last.expires_at
        ]
        if not nexts:
            break
        chain.append(max(nexts, key=lambda each: each.expires_at))
    return chain


def _verify(
    archive: Archive,
    entry: LogEntry,
    published: Checkpoint,
    tiles: "Tiles",
    trust: "Trusted",
    at: datetime.datetime,
) -> Anchor:
    contents = {file.name.rpartition(".")[2]: archive.read_file(file) for file in entry.entry.files}
    name = entry.entry.files[0].name.rpartition(".")[0]
    note, response, data = (contents.get(kind) for kind in ("checkpoint", "tsr", "json"))
    if note is None or response is None or data is None:
        raise TamperedError(f"{name}: a file of the anchor is missing")
    checkpoint = archive.keys.read_checkpoint(note)
    _require_logged(name, entry, checkpoint, published, tiles)
    try:
        token = read_token(read_response(response).token)
        require_stamped(token, note)
        judged_by = _read_data(data)
    except (ValueError, TypeError, KeyError) as error:
        raise TamperedError(f"{name}: {one_line(error)}") from None
    path, lapsed = _find_path(name, token, judged_by, trust, at)
    # A root's own dates bind nobody who trusts it; those of all others do.
    expires_at = min(each.not_valid_after_utc for each in path[:-1] or path)
    return Anchor(entry, checkpoint, token.moment, subject_name(path[0]), expires_at, path, lapsed)


def _require_logged(name: str, entry: LogEntry, checkpoint: Checkpoint, published: Checkpoint, tiles: "Tiles") -> None:
    """Require the log to continue the stamped state: somebody with its key may have signed another log since."""
    if checkpoint.size != entry.entry.size or not 0 < checkpoint.size <= entry.number:
        raise TamperedError(f"{name} was not stamped over a state of the log from before its own entry")
    if checkpoint.size > published.size:
        raise TamperedError(
            f"{name} was stamped over {checkpoint.size:,} entries, and {CHECKPOINT} is of {published.size:,}: an older "
            "one was put in its place"
        )
    path = prove_consistency(checkpoint.size, published.size, tiles.subtree)
    if not is_consistent(checkpoint.size, published.size, checkpoint.root, published.root, path):
        raise TamperedError(
            f"{name} was stamped over other entries: those before no. {checkpoint.size:,}, or the log's tiles, were "
            "changed since"
        )


def _find_path(
    name: str, token: Token, data: ValidationData, trust: "Trusted", at: datetime.datetime
) -> "tuple[tuple[x509.Certificate, ...], str]":
    """Find the path from the authority's certificate to a root, and the reason if it is no longer valid."""
    own, *others = token.certificates
    judge = PathValidator(trust=as_trust(trust), data=data)
    try:
        path = judge.find_path(own, others, at=token.moment, purpose="stamp", proven=True)
    except NotTrustedError as error:
        raise UntrustedError(f"{name}: {describe_certificate(own)} {error}") from None
    try:
        # That it was not revoked since is not known from what was gathered then; that it was, may be.
        return judge.find_path(own, others, at=at, purpose="stamp", proven=False), ""
    except NotTrustedError as error:
        return path, f"{name}: {describe_certificate(own)} {error}"


def _write_data(data: ValidationData) -> bytes:
    lists = {"certificates": data.certificates, "crls": data.crls, "ocsps": data.ocsps}
    return (
        write_json({name: [base64.b64encode(each).decode() for each in some] for name, some in lists.items()}) + b"\n"
    )


def _read_data(content: bytes) -> ValidationData:
    document = json.loads(content)
    return ValidationData(
        **{
            name: tuple(base64.b64decode(each, validate=True) for each in document[name])
            for name in ("certificates", "crls", "ocsps")
        }
    )

"""What people do to an archive besides adding to it: hold, withdraw, erase, certify, replace its key."""

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from . import acts
from .certificate import ELSEWHERE, ErasureCertificate, certify_erasure
from .key_page import render_key_page
from .lookup import LIKE_A_DIGEST, find_customer, find_file, find_namesakes, is_name, recipient_of
from .open_archive import OpenArchive
from .recipients import NO_DETAILS, Details, Person
from .retention import Proposal, end_relation, propose_erasures
from .rotation import rotate_key

if TYPE_CHECKING:
    from pathlib import Path

    from .entries import LogEntry


class ArchiveActs(OpenArchive):
    """An archive, and what people do to it; the entries say who and why."""

    def erase_person(self, name: str) -> "LogEntry":
        """Erase a member of staff: the name goes, and entries keep the pseudonym. Copies are not concerned.

        Args:
            name: as reports show it, or what the issuer calls the person.

        Raises:
            UsageError: nobody has that name, or several people have it.
        """
        with self.writing() as (session, keyring):
            found = self.archive.find_staff(keyring.names_key, name)
            if len(found) != 1:
                raise UsageError(f"{len(found):,} members of staff are called {name!r}; nobody was erased")
            return session.erase_person(found[0])

    def end_relation(self, name: str, *, ended_at: datetime.datetime, details: Details = NO_DETAILS) -> "LogEntry":
        """Log that the relation with a customer ended; see `retention.end_relation`."""
        with self.writing() as (session, keyring):
            recipient = find_customer(self.archive, keyring.names_key, name)
            return end_relation(session, recipient, ended_at=ended_at, details=details)

    def propose_erasures(self, retention: datetime.timedelta) -> list[Proposal]:
        """Propose customers for erasure; see `retention.propose_erasures`."""
        return propose_erasures(self.archive, self.keyring().names_key, retention=retention)

    def certify_erasure(
        self, number: int, *, name: str = "", requested_by: str = "", elsewhere: Sequence[str] = ELSEWHERE
    ) -> ErasureCertificate:
        """Make the certificate of an erasure, once; see `certificate.certify_erasure`."""
        with self.writing() as (session, _):
            return certify_erasure(
                session, number, at=self.clock(), name=name, requested_by=requested_by, elsewhere=elsewhere
            )

    def erase(self, name: str, *, details: Details = NO_DETAILS, second: Person | None = None) -> acts.Erasure:
        """Erase the customer of exactly this name; see `acts.erase`.

        Raises:
            NoSuchCustomerError: no customer has that name.
            HeldError: a hold is in place.
        """
        with self.writing() as (session, keyring):
            recipient = find_customer(self.archive, keyring.names_key, name)
            try:
                return acts.erase(
                    session, keyring.names_key, recipient, at=self.clock(), details=details, second=second
                )
            except acts.HeldError as error:
                held = error  # raised below, once it is published that the erasure was refused
        raise held

    def hold(self, *, name: str | None = None, digest: str | None = None, details: Details = NO_DETAILS) -> "LogEntry":
        """Place a hold on a customer, by name, or on one copy, by digest; see `acts.hold`.

        A customer who came back while the erasure of the former record waits is held under both.
        """
        with self.writing() as (session, keyring):
            if digest is not None:
                entry = self._find_copy(digest)
                recipient = recipient_of(self.archive, keyring.names_key, entry)
                return acts.hold(session, recipient, about=entry, details=details)
            placed = [
                acts.hold(session, recipient, details=details)
                for recipient in find_namesakes(self.archive, keyring.names_key, name or "")
            ]
            return placed[-1]

    def is_name(self, text: str) -> bool:
        """Tell whether a text is meant as a customer's name, or else as a digest; see `lookup.is_name`."""
        if not LIKE_A_DIGEST.fullmatch(text):
            return True
        with self.index() as index:
            return is_name(self.archive, index, self.keyring().names_key, text)

    def holds(self, *, number: int | None = None, matter: str = "") -> list[acts.Hold]:
        """List the holds that are in place: all of them, or the one of an entry, or those of a matter.

        Args:
            number: of the hold's entry.
            matter: that the holds belong to.
        """
        found = acts.list_holds(self.archive, self.keyring().names_key)
        if number is None and not matter:
            return found
        return [each for each in found if each.number == number or (matter and each.details.matter == matter)]

    def release(self, holds: Sequence[acts.Hold], *, details: Details = NO_DETAILS) -> "list[LogEntry]":
        """Lift holds."""
        with self.writing() as (session, _):
            return acts.release(session, holds, details=details)

    def withdraw(self, digest: str, *, details: Details = NO_DETAILS) -> "LogEntry":
        """Log that a copy is withdrawn; see `acts.withdraw`."""
        with self.writing() as (session, keyring):
            entry = self._find_copy(digest)
            recipient = recipient_of(self.archive, keyring.names_key, entry)
            return acts.withdraw(session, recipient, entry, details=details)

    def key_page(self) -> bytes:
        """Write the archive's key as a page to print; see `key_page.render_key_page`.

        Raises:
            KeyMissingError: the key is not here.
            ArchiveError: the file has the key of another archive.
        """
        return render_key_page(self.keyring(), created_at=self.archive.metadata.created_at, made_at=self.clock())

    def rotate_key(self) -> "Path":
        """Replace the log's key; see `rotation.rotate_key`.

        Returns:
            The file that the former key is kept in now.
        """
        path = self.location.key_path(self.archive.metadata.origin)
        return rotate_key(self.archive, path, self.clock, self.actor)

    def _find_copy(self, digest: str) -> "LogEntry":
        with self.index() as index:
            return find_file(self.archive, index, digest)[1]

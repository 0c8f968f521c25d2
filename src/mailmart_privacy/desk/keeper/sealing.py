"""Sealing the record: when a person asks for it, and by itself once a day where something is new.

What is sealed cannot be changed later without an authority's help, not even by somebody who has all keys of the desk.
"""

import datetime
import threading
from typing import TYPE_CHECKING

from ..._clock import now
from ...archive.anchoring import Anchoring
from ...errors import LevelError, PrivacyError
from ..answers import Actor, Done
from ..compliance_calls import Seal
from ..lines import write_line
from ..messages import RefusedError

if TYPE_CHECKING:
    from .desk import Desk

ITSELF = Actor(issuer="desk-itself", subject="sealing", name="The desk, by itself")
_EVERY = datetime.timedelta(hours=20)  # so that it happens once a day, and at any hour
_PAUSE = 15 * 60.0  # seconds between two looks


def seal(desk: "Desk", call: Seal) -> Done:
    """Let an authority seal the record.

    Raises:
        RefusedError: "cannot-seal": no authority is set up; "no-authority": none gave a usable answer.
    """
    if not desk.settings.authorities:
        raise RefusedError("cannot-seal")
    anchoring = Anchoring(timestamps=desk.signing.authorities.timestamps, trust=desk.signing.trust)
    try:
        with desk.writing(call.actor) as session:
            anchoring.anchor(session, now())
    except LevelError as error:
        raise RefusedError("no-authority", str(error)) from None
    return Done()


class DailySeal:
    """Has the record sealed once a day, where an authority is set up and there are new entries.

    Args:
        desk: whose.
    """

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    def begin(self) -> None:
        """Look now and then, in a thread that ends with the process."""
        if self._desk.settings.authorities:
            threading.Thread(target=self._run, name="sealing", daemon=True).start()

    def look(self, at: datetime.datetime) -> bool:
        """Have the record sealed if that is due; tell whether it was.

        Args:
            at: now (aware).

        Raises:
            RefusedError: no authority gave a usable answer, or another desk is at it.
        """
        if not self._is_due(at):
            return False
        with self._desk.claim(ITSELF, "seal"):
            if not self._is_due(at):  # another desk did it meanwhile
                return False
            seal(self._desk, Seal(actor=ITSELF))
        return True

    def _is_due(self, at: datetime.datetime) -> bool:
        directory = self._desk.directory
        directory.refresh()
        last = directory.anchors[-1] if directory.anchors else None
        if last is None:
            return directory.size > 0
        # Nothing follows the last seal but its own entry: then nothing is new.
        return directory.size > last.number + 1 and last.entry.recorded_at <= at - _EVERY

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.look(now())
            except (PrivacyError, OSError) as error:  # there is a next time; the page of what is due tells what is new
                write_line("keeper", "the record could not be sealed by itself", error=type(error).__name__)
            pause.wait(_PAUSE)

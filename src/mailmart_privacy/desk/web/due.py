"""What is due, in the words of its page, and who gets mail about it."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from ..answers import StatusView, VersionView
from .marks import Mark
from .permissions import ADMINISTRATOR, COMPLIANCE, MAINTAINER, SALES
from .words import count, day, number, version

_REMINDERS = (1, 7, 14, 30, 60)  # days before something ends on which people get mail
SOON = _REMINDERS[-1]
_BACKUP_DAYS = 7  # after which a backup is old


@dataclass(frozen=True, kw_only=True, slots=True)
class DueItem:
    """Something on the page of what is due.

    Attributes:
        what: its heading; without the name of a customer, since it may be mailed.
        words: a sentence.
        state: what is beside it, "To do" or "41 days left"; without a name, too.
        urgent: whether somebody has to do something.
        roles: those who get mail about it.
        stage: what is new when it changes, and is worth a mail; empty where no mail is to be sent yet.
        path: the page of the desk where something can be done about it, or empty.
    """

    what: str
    words: str
    state: str
    urgent: bool
    roles: tuple[str, ...] = ()
    stage: str = ""
    path: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of the desk when it is asked what is due.

    Attributes:
        status: of the desk and its record.
        versions: of the policy.
        backup: when the last backup was made, or None.
        for_team: whether the desk serves a team.
    """

    status: StatusView
    versions: Sequence[VersionView]
    backup: Mark | None
    for_team: bool


def list_due(known: Known, at: datetime.datetime) -> list[DueItem]:
    """List what is due."""
    return [
        *_describe_signature(known.status, at),
        _describe_seal(known.status, at),
        *_describe_erasures(known.status, at),
        *_describe_versions(known.versions, at),
        _describe_backup(known, at),
        *_describe_checker(known.status),
    ]


def describe_checkpoint(status: StatusView, at: datetime.datetime) -> DueItem:
    """Describe the checkpoint that compliance gets once a week: kept in their mail, no insider can change it."""
    week = at.isocalendar()
    return DueItem(
        what="Keep this mail: with what is attached, nobody can change the record unnoticed",
        words="",
        state=f"{count(status.entries, 'entry', 'entries')} by now",
        urgent=False,
        roles=(COMPLIANCE,),
        stage=f"{week.year}-W{week.week:02}",
    )


def describe_mail(last: Mark | None) -> list[DueItem]:
    """Tell that mail to staff fails; nothing where it does not."""
    if last is None or not last.words:
        return []
    words = f"The last mail could not be sent: {last.words}. It is tried again later."
    return [DueItem(what="Mail about what is due", words=words, state="To do", urgent=True)]


def _describe_signature(status: StatusView, at: datetime.datetime) -> list[DueItem]:
    items = []
    if status.self_signed:
        what = "No authority confirms our signature yet"
        words = "Customers’ programs show “unknown signer” until the administrator gets a certificate in our name."
        items.append(
            DueItem(
                what=what,
                words=words,
                state="To do",
                urgent=True,
                roles=(ADMINISTRATOR,),
                stage="to do",
                path="/keys",
            )
        )
    words = f"Valid until {day(status.certificate_until)}"
    items.append(_dated("Our signing certificate", words, status.certificate_until - at, (ADMINISTRATOR,)))
    return items


def _describe_seal(status: StatusView, at: datetime.datetime) -> DueItem:
    what, roles = "The seal over the record", (COMPLIANCE, MAINTAINER, ADMINISTRATOR)
    if status.sealed_until is None:
        words = "No authority has sealed the record yet."
        if not status.can_seal:
            words = "No independent authority is set up, so no outsider can confirm how long a record has existed."
        return DueItem(what=what, words=words, state="To do", urgent=True, roles=roles, stage="to do")
    words = f"By {status.sealed_by}. It holds until {day(status.sealed_until)}."
    if status.unsealed:
        words += f" {count(status.unsealed, 'entry is', 'entries are')} not sealed yet."
    return _dated(what, words, status.sealed_until - at, roles)


def _describe_erasures(status: StatusView, at: datetime.datetime) -> list[DueItem]:
    items = []
    for each in status.erasures_waiting:
        left = max(0, (each - at).days)
        words = f"The store locks a copy until {day(each)}. Then the erasure can be finished."
        stage = f"due since {each:%Y-%m-%d}" if left == 0 else ""
        items.append(
            DueItem(
                what="An erasure waits",
                words=words,
                state=_left(left),
                urgent=left == 0,
                roles=(COMPLIANCE,),
                stage=stage,
            )
        )
    if status.erasures_asked:
        what = "An erasure waits for a second person"
        words = f"{count(status.erasures_asked, 'customer is', 'customers are')} to be erased."
        items.append(
            DueItem(
                what=what,
                words=words,
                state="To do",
                urgent=True,
                roles=(COMPLIANCE,),
                stage=str(status.erasures_asked),
                path="/activity",
            )
        )
    return items


def _describe_versions(versions: Sequence[VersionView], at: datetime.datetime) -> list[DueItem]:
    roles, items = (SALES, COMPLIANCE, MAINTAINER), []
    for each in versions:
        if each.state == "announced":
            left = (each.effective_at - at).days
            what, words = "A new version is announced", f"{version(each.version)}. It replaces the one in force now."
            state = f"In force from {day(each.effective_at)}"
            stage = f"{each.version} {_stage(left)}" if _stage(left) else ""
            items.append(DueItem(what=what, words=words, state=state, urgent=False, roles=roles, stage=stage))
    return items


def _describe_backup(known: Known, at: datetime.datetime) -> DueItem:
    """Tell of the last backup, for which the whole record was checked. A desk of one computer is only told."""
    what = "The last backup, and the last full check of the record"
    if known.backup is None:
        words = "None was made yet. The administrator makes one with: mailmart-privacy desk backup FOLDER"
        state, old = "To do" if known.for_team else "To know", True
    else:
        days = (at - known.backup.at).days
        words = f"Made on {day(known.backup.at)}. The copy of the record was checked in full then."
        state, old = "Today" if days == 0 else f"{count(days, 'day', 'days')} ago", days > _BACKUP_DAYS
    urgent = known.for_team and old
    return DueItem(
        what=what, words=words, state=state, urgent=urgent, roles=(ADMINISTRATOR,), stage="old" if urgent else ""
    )


def _describe_checker(status: StatusView) -> list[DueItem]:
    if status.checker_alone:
        return []
    what = "The process that reads strangers’ files has network access"
    words = (
        "Files from strangers are read with limits on time and memory, but with network access. "
        "On Linux the desk can remove that access if the administrator of this computer allows user namespaces."
    )
    return [DueItem(what=what, words=words, state="To know", urgent=False)]


def _dated(what: str, words: str, left: datetime.timedelta, roles: tuple[str, ...]) -> DueItem:
    """Describe something that ends: it is urgent, and mailed about, from 60 days before."""
    stage = _stage(left.days)
    return DueItem(what=what, words=words, state=_left(left.days), urgent=bool(stage), roles=roles, stage=stage)


def _stage(days: int) -> str:
    """Tell which reminder is due: that of 60, 30, 14, 7 or 1 day before, or "ended"; empty before the first one."""
    if days < 0:
        return "ended"
    return next((f"{each} days" for each in _REMINDERS if days <= each), "")


def _left(days: int) -> str:
    if days < 0:
        return f"Ended {count(-days, 'day', 'days')} ago"
    return f"{number(days)} days left" if days != 1 else "1 day left"

"""Roles, and what each of them may do. Every route names one permission; a test fails for a route without one."""

from enum import Enum


class Permission(Enum):
    """What a route asks for."""

    NOBODY_IN_PARTICULAR = "open to those who are not signed in"
    SIGNED_IN = "signed in"
    ISSUE = "issue"
    FIND = "find and download"
    CHECK = "check a file"
    SEE_DUE = "see what is due"
    SEE_VERSIONS = "see the versions"
    ASK_IN_FORCE = "ask what was in force"
    WITHDRAW_OWN = "withdraw a copy that one issued"
    WITHDRAW_ANY = "withdraw any copy"
    HOLD = "place and lift holds"
    ERASE = "ask for an erasure, or confirm another one's request"
    EVIDENCE = "make evidence packs"
    REPORT = "see the report"
    SEE_ACTIVITY = "see who did what"
    SEAL = "have the record sealed"
    PEOPLE = "change people and roles"
    TOKENS = "give services access"
    KEYS = "see how copies are signed, and publish the certificate"


SALES, COMPLIANCE, MAINTAINER, ADMINISTRATOR = "sales", "compliance", "maintainer", "administrator"
ROLES = (SALES, COMPLIANCE, MAINTAINER, ADMINISTRATOR)
_ALL = {Permission.SIGNED_IN, Permission.CHECK, Permission.SEE_DUE}
_BY_ROLE = {
    SALES: _ALL | {Permission.ISSUE, Permission.FIND, Permission.WITHDRAW_OWN, Permission.SEE_VERSIONS},
    COMPLIANCE: _ALL
    | {Permission.FIND, Permission.ASK_IN_FORCE, Permission.WITHDRAW_OWN, Permission.WITHDRAW_ANY}
    | {Permission.HOLD, Permission.ERASE, Permission.EVIDENCE, Permission.REPORT}
    | {Permission.SEE_ACTIVITY, Permission.SEAL},
    MAINTAINER: _ALL | {Permission.SEE_VERSIONS, Permission.SEAL},
    ADMINISTRATOR: _ALL
    | {Permission.SEE_ACTIVITY, Permission.SEAL, Permission.PEOPLE, Permission.TOKENS}
    | {Permission.KEYS},
}


# Before these, a person proves again who they are: a browser that was left open, or a stolen session, is not enough.
PROVEN = frozenset({Permission.ERASE, Permission.PEOPLE, Permission.TOKENS, Permission.KEYS})


def allows(roles: tuple[str, ...], permission: Permission) -> bool:
    """Tell whether somebody who is signed in, with these roles, has a permission."""
    return permission is Permission.SIGNED_IN or any(permission in _BY_ROLE.get(role, ()) for role in roles)

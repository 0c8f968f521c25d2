"""Issuing as the tests want it: names as strings, forms by their bytes."""

import datetime
from typing import Any

from mailmart_privacy.copies import certified as certifying
from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.copies.forms import RecordedForm, load_form
from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.copies.pades import Level
from mailmart_privacy.errors import PrivacyError
from mailmart_privacy.form.notes import make_notes
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.papers import PAPERS
from mailmart_privacy.trust.anchors import as_trust
from mailmart_privacy.trust.authorities import Authorities
from mailmart_privacy.trust.timestamp_client import TimestampClient

_NOTED: dict[bytes, RecordedForm] = {}


def recorded(form: bytes) -> RecordedForm:
    """The form that has these bytes: a recorded one, or one that is noted as if it were."""
    for version in shipped().versions:
        for paper in PAPERS:
            found = load_form(shipped(), version.version, paper)
            if found.pdf == form:
                return found
    if form not in _NOTED:
        _NOTED[form] = RecordedForm(version="none", paper="a4", pdf=form, notes=make_notes(form))
    return _NOTED[form]


def certify(form: bytes, **arguments: Any) -> CertifiedForm:
    """Certify a form."""
    return certifying.certify(recorded(form), **arguments)


def issue_copy(
    certified: CertifiedForm,
    *,
    recipient: str,
    reference: str | None,
    issued_at: datetime.datetime,
    identity: Identity,
    level: Level = "B-B",
    timestamps: TimestampClient | None = None,
    trust: Any = (),
    fonts: Any = (),
) -> bytes:
    """Issue a copy."""
    authorities = None if timestamps is None else Authorities(timestamps=timestamps, trust=as_trust(trust))
    issuer = Issuer(identity, level=level, authorities=authorities, fonts=fonts)
    (update,) = issuer.issue_updates(certified, [(recipient, reference)], issued_at=issued_at)
    if isinstance(update, PrivacyError):
        raise update
    return certified.pdf + update

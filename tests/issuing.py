"""Issuing as the tests want it: names as strings, forms by their bytes."""

import datetime
from typing import Any

from mailmart_privacy.copies import certified as certifying
from mailmart_privacy.copies import issuing
from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.copies.forms import RecordedForm, load_form
from mailmart_privacy.form.notes import make_notes
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.papers import PAPERS

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
    fonts: Any = (),
    **more: Any,
) -> bytes:
    """Issue a copy."""
    filled = issuing.fill_values(certified.form.notes, recipient, reference, issued_at, fonts)
    return certified.pdf + issuing.issue_update(
        certified, recipient=filled[0], reference=filled[1], issued_at=issued_at, identity=identity, **more
    )

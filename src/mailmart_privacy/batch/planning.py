"""Rows of a sheet → the copies of a batch, before anything is signed."""

import datetime

from ..copies.forms import RecordedForm
from ..copies.issuing import fit_values
from ..sheets.plan import Plan, plan_rows
from ..sheets.sheet import Sheet
from ..typesetting.fonts import Typeface
from .file_names import name_file


def plan_batch(
    sheet: Sheet,
    *,
    form: RecordedForm,
    version: str,
    begun_at: datetime.datetime,
    fonts: tuple[Typeface, ...] = (),
) -> Plan:
    """Plan a copy for each row of a sheet.

    Args:
        sheet: its rows, and the faults of others.
        form: the recorded form.
        version: of the policy, for the names of files.
        begun_at: when the batch was begun for the first time (aware): part of references that are made.
        fonts: for characters that the form's font does not have.

    Returns:
        The copies, with references and files that are all different, and what is wrong with other rows.
    """
    return plan_rows(
        sheet.rows,
        faults=sheet.faults,
        complete=lambda row: fit_values(form.notes, row.recipient, row.reference, begun_at, fonts),
        name_file=lambda recipient, reference: name_file(version, recipient, reference),
    )

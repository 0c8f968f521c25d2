"""E-mail drafts with a copy attached; they open in the person's own program, unsent."""

import datetime
from email.message import EmailMessage
from email.policy import SMTP

from .addresses import is_address


def write_draft(
    *, customer: str, reference: str, version: datetime.date, sender: str, pdf: bytes, file: str, to: str = ""
) -> bytes:
    """Write a draft.

    Args:
        customer: whom the copy is made out to.
        reference: what it is called.
        version: of the policy.
        sender: the name below the text.
        pdf: the copy.
        file: its name.
        to: the address, or empty.
    """
    message = EmailMessage(policy=SMTP)  # servers refuse lines that end otherwise
    message["Subject"] = "MailMart’s privacy policy: your signed copy"
    message["X-Unsent"] = "1"
    if is_address(to):
        message["To"] = to
    name = f"{version.day} {version:%B} {version.year}"
    message.set_content(
        f"Hello,\n\nattached is a signed copy of MailMart’s privacy policy, version of {name}.\n\n"
        f"Made out to: {customer}\nReference: {reference}\n\n"
        "The first page says how to check that the copy is genuine. Your PDF program may say that it does not know the "
        f"signer; that alone does not mean that the file was changed.\n\nKind regards\n{sender}\n"
    )
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=file)
    return bytes(message)

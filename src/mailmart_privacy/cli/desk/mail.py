"""The options of `desk` for mail to staff about what is due."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..._loopback import LOOPBACK_HOSTS
from ...errors import UsageError
from ..values import as_value
from .secret_file import read_secret

if TYPE_CHECKING:
    from ...desk.settings import MailSettings

PASSWORD_VARIABLE = "MAILMART_PRIVACY_DESK_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, kw_only=True, slots=True)
class MailOptions:
    """The mail server by which people are told what is due; see `MailSettings`."""

    smtp_host: str | None
    smtp_port: int | None
    smtp_tls: str
    smtp_user: str | None
    smtp_password_file: Path | None
    mail_from: str | None

    def read(self) -> "MailSettings | None":
        """Read them, with the password; None where nobody gets mail.

        Raises:
            UsageError: one of them is missing or cannot be used.
        """
        from ...desk.addresses import is_address
        from ...desk.settings import MailSettings

        if not self.smtp_host:
            if self.smtp_user or self.smtp_password_file or self.mail_from or self.smtp_port:
                raise UsageError("settings of mail belong to a mail server; name it with --smtp-host")
            return None
        if not is_address(f"x@{self.smtp_host}"):
            raise UsageError(f"--smtp-host {self.smtp_host} is not the name of a mail server; the port is --smtp-port")
        if not self.mail_from or not is_address(self.mail_from):
            raise UsageError("say which address mails come from, for instance --mail-from desk@example.com")
        if self.smtp_tls == "none" and self.smtp_host not in LOOPBACK_HOSTS:
            raise UsageError("--smtp-tls none is for a mail server on this computer alone; others get mail over TLS")
        return MailSettings(
            host=self.smtp_host,
            port=self.smtp_port or _PORTS[self.smtp_tls],
            tls=self.smtp_tls,
            user=self.smtp_user or "",
            password=self._read_password() if self.smtp_user else "",
            sender=self.mail_from,
        )

    def _read_password(self) -> str:
        what = "the password of the mail server"
        found = read_secret(self.smtp_password_file, variable=PASSWORD_VARIABLE, what=what)
        if not found:
            raise UsageError(
                f"--smtp-user needs a password: the first line of --smtp-password-file FILE, or ${PASSWORD_VARIABLE}"
            )
        if not (found + (self.smtp_user or "")).isascii():
            raise UsageError(
                "the user and the password of the mail server can have letters of ASCII alone; choose others"
            )
        return found


mail_options = as_value(
    "mail",
    MailOptions,
    click.option("--smtp-host", metavar="NAME", help="The mail server; with it, people get mail about what is due."),
    click.option(
        "--smtp-port", type=click.IntRange(1, 65535), help="Its port [default: 587; 465 with --smtp-tls tls]."
    ),
    click.option(
        "--smtp-tls",
        type=click.Choice(tuple(_PORTS)),
        default="starttls",
        show_default=True,
        help="How the connection is encrypted; none is for a server on this computer alone.",
    ),
    click.option("--smtp-user", metavar="NAME", help="As whom the desk signs in at the mail server."),
    click.option(
        "--smtp-password-file",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"The password is the first line of FILE [default: ${PASSWORD_VARIABLE}].",
    ),
    click.option("--mail-from", metavar="ADDRESS", help="The address that mails come from."),
)

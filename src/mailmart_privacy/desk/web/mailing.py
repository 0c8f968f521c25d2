"""Sending mail to staff: SMTP, with the server's certificate checked; what fails is told in words that help."""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage

from ...errors import PrivacyError
from ..settings import MailSettings

_PATIENCE = 20.0  # seconds that the server may take for each step


class MailError(PrivacyError):
    """A mail could not be sent; the message says what to look at, and names nobody."""


class AddressError(MailError):
    """The server refused the address of one person; others may get theirs."""


class MailServer:
    """A mail server that was connected to.

    Args:
        smtp: the connection.
        settings: of the server.
    """

    def __init__(self, smtp: smtplib.SMTP, settings: MailSettings) -> None:
        self._smtp, self._settings = smtp, settings

    def send(self, message: EmailMessage, to: str) -> None:
        """Send a mail to one address.

        Raises:
            AddressError: the server refuses the address.
            MailError: it could not be sent.
        """
        with _explain(self._settings):
            self._smtp.send_message(message, from_addr=self._settings.sender, to_addrs=[to])


@contextlib.contextmanager
def open_server(settings: MailSettings, *, name: str) -> Iterator[MailServer]:
    """Connect to the mail server, and sign in there where a user is set.

    Args:
        settings: of the server.
        name: what the desk calls itself there: its own name for browsers, and not that of the machine.

    Raises:
        MailError: that fails.
    """
    with _explain(settings):
        smtp = _connect(settings, name)
    try:
        with _explain(settings):
            if settings.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if settings.user:
                smtp.login(settings.user, settings.password)
        yield MailServer(smtp, settings)
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()


def _connect(settings: MailSettings, name: str) -> smtplib.SMTP:
    if settings.tls == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(settings.host, settings.port, name, timeout=_PATIENCE, context=context)
    return smtplib.SMTP(settings.host, settings.port, name, timeout=_PATIENCE)


@contextlib.contextmanager
def _explain(settings: MailSettings) -> Iterator[None]:
    """Say what is wrong, and which setting to check. What the server answered is left out: it may name people."""
    host, place = settings.host, f"{settings.host}, port {settings.port},"
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        words = f"the certificate of {host} cannot be trusted ({error.verify_message}); check smtp-host"
        raise MailError(f"{words}, and the certificates of authorities that this server has") from None
    except ssl.SSLError:
        raise MailError(f"{place} does not speak TLS in this way; check smtp-tls and smtp-port") from None
    except smtplib.SMTPNotSupportedError:
        what = "STARTTLS, or no sign-in" if settings.tls == "starttls" else "sign-in"
        raise MailError(f"{place} offers no {what}; check smtp-tls, smtp-port and smtp-user") from None
    except smtplib.SMTPAuthenticationError:
        raise MailError(f"{host} refuses the user or the password; check smtp-user and smtp-password-file") from None
    except smtplib.SMTPSenderRefused:
        raise MailError(f"{host} refuses the sender {settings.sender}; check mail-from") from None
    except smtplib.SMTPRecipientsRefused:
        raise AddressError(f"{host} refuses an address; check those under “People”") from None
    except smtplib.SMTPException as error:
        raise MailError(f"{host} broke off ({type(error).__name__}); look into the log of that server") from None
    except OSError:
        raise MailError(f"{place} does not answer; check smtp-host and smtp-port") from None

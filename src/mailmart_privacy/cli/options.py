"""Options that several commands share, each group of them as one value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ..copies.pades import LEVELS, Level
from ..errors import UsageError
from .archive.options import archive_options, read_location
from .authorities import AuthorityOptions, authority_values
from .keys import IdentityOptions, KeyName, identity_options
from .values import as_value

if TYPE_CHECKING:
    from ..archive.location import ArchiveLocation
    from ..typesetting.fonts import Typeface


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """Who signs, at which level, and with which fonts.

    Attributes:
        key: opens the identity.
        level: of the copies.
        authorities: the timestamp authorities to ask, and the certificates to trust.
        fonts: for characters that the form's font does not have.
    """

    key: KeyName
    level: Level
    authorities: AuthorityOptions
    fonts: "tuple[Typeface, ...]"


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningOptions:
    """The options that say who signs, and how; see `Signing`."""

    identity: IdentityOptions
    level: Level
    authorities: AuthorityOptions
    fonts: tuple[str, ...]

    def require_sense(self) -> None:
        """Refuse options that contradict each other.

        Raises:
            UsageError: a level lacks its authority, or a certificate lacks its key.
        """
        if self.level != "B-B" and not self.authorities.tsa:
            raise UsageError(
                f"level {self.level} cannot be reached without a timestamp authority; name one with --tsa URL"
            )
        if self.identity.identity_file is None and self.identity.certificate_file is not None:
            raise UsageError("--certificate belongs to a key that --identity names; give both")

    def read(self) -> Signing:
        """Find the fonts; the key is opened later.

        Raises:
            UsageError: a font cannot be used.
        """
        return Signing(
            key=self.identity.key(), level=self.level, authorities=self.authorities, fonts=_find_fonts(self.fonts)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveOptions:
    """The options that name an archive."""

    archive: str | None
    archive_key: str | None
    archive_index: str | None

    def location(self) -> "ArchiveLocation | None":
        """Name the archive, or None where none is named."""
        return read_location(self.archive, self.archive_key, self.archive_index) if self.archive else None


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputOptions:
    """The options that say where copies go, and how the result is printed."""

    output: str | None
    directory: str | None
    force: bool
    as_json: bool


signing_options = as_value(
    "signing",
    SigningOptions,
    identity_options("Sign with this key: PEM, PKCS#12, pkcs11:… or awskms:… [default: your own]."),
    click.option(
        "--level",
        type=click.Choice(LEVELS),
        default="B-B",
        show_default=True,
        help="How long the copy can be checked (PAdES): B-B as long as the certificate is valid, B-LTA for decades.",
    ),
    authority_values,
    click.option(
        "--font",
        "fonts",
        multiple=True,
        metavar="FILE|NAME",
        help="A font for names in other scripts; may be repeated.",
    ),
)
archive_location_options = as_value("archive", ArchiveOptions, archive_options(key=True, index=True))
output_options = as_value(
    "output",
    OutputOptions,
    click.option("-o", "--output", metavar="FILE|-", help="[default: privacy-policy-VERSION-NAME-TIME.pdf]"),
    click.option(
        "-d", "--directory", metavar="DIR|URL", help="The folder for files with default names [default: this one]."
    ),
    click.option("--force", is_flag=True, help="Replace an existing file."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document."),
)


def _find_fonts(names: tuple[str, ...]) -> "tuple[Typeface, ...]":
    if not names:
        return ()
    from ..typesetting.fonts import find_typeface

    return tuple(map(find_typeface, names))

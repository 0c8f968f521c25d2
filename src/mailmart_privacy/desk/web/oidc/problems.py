"""What can go wrong between the desk and an identity provider."""

from ....errors import PrivacyError


class ProviderDownError(PrivacyError):
    """The identity provider does not answer, or what it answers cannot be used."""


class UntrustedError(PrivacyError):
    """Something that claims to come from the identity provider cannot be trusted; nobody is signed in."""

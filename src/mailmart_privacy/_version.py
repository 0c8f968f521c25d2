"""The version of this package (SemVer). The policy has a version of its own: its date."""

__version__ = "0.1.0"

"""What a desk for a team needs before it starts; each fault is one line that says what to do.

A desk for a team runs on Linux, is started by root, and gives its processes
other users: one that has the keys, and one that reads files of strangers and has nothing.
"""

import ipaddress
import os
import sys

from .settings import DeskSettings


def find_faults(settings: DeskSettings) -> list[str]:
    """List what is missing or wrong in the settings of a desk for a team, in the order in which to set it up.

    Args:
        settings: as they were given. What needs the key or the database to be open is found by the keeper.
    """
    return [
        *_check_proxies(settings),
        *_check_record(settings),
        *_check_key(settings),
        *_check_users(settings),
    ]


def is_database(place: str) -> bool:
    """Tell whether a setting names a database of PostgreSQL."""
    return place.startswith(("postgresql://", "postgres://"))


def _check_proxies(settings: DeskSettings) -> list[str]:
    if not settings.proxies:
        return [
            "name the TLS proxy in front of the desk by its address, for instance --proxy 127.0.0.1; "
            "requests from elsewhere are refused"
        ]
    faults = []
    for each in settings.proxies:
        try:
            network = ipaddress.ip_network(each)
        except ValueError:
            faults.append(f"--proxy {each}: give an IP address, or a network like 10.1.2.0/28")
            continue
        if network.prefixlen == 0:
            faults.append(f"--proxy {each} names every computer; name the proxy alone")
    return faults


def _check_record(settings: DeskSettings) -> list[str]:
    faults = []
    if not settings.archive:
        faults.append("name the archive with --archive: s3://BUCKET/PREFIX, or a folder")
    if not settings.archive_key:
        faults.append("name the file of the archive's key with --archive-key")
    if settings.database and not is_database(settings.database):
        faults.append("--database: give a URL like postgresql://desk@db.example.com/desk")
    elif settings.archive.startswith("s3://") and not settings.database:
        faults.append(
            "an archive in S3 needs --database postgresql://…, so that a second desk knows what this one does"
        )
    return faults


def _check_key(settings: DeskSettings) -> list[str]:
    if not settings.identity and not settings.allow_self_signed:
        return [
            "name the key that signs with --identity: awskms:…, pkcs11:… or a file; "
            "a self-signed one of its own is made only with --allow-self-signed"
        ]
    if settings.identity.startswith("awskms:") and not settings.certificate:
        return ["a key in AWS KMS needs its certificate: --certificate FILE"]
    return []


def _check_users(settings: DeskSettings) -> list[str]:
    if sys.platform != "linux":
        return ["a desk for a team runs on Linux, where strangers' files can be read without a network"]
    faults = []
    if os.geteuid() != 0:
        faults.append(
            "start the desk as root: it gives its processes the users of --user and --checker-user, and nothing of root"
        )
    for option, name in (("--user", settings.user), ("--checker-user", settings.checker_user)):
        number = _find_user(name)
        if not name:
            faults.append(f"name a user of its own with {option}; make one with: useradd --system NAME")
        elif number is None:
            faults.append(f"{option} {name}: there is no such user; make it with: useradd --system {name}")
        elif number == 0:
            faults.append(f"{option} {name} is root; name another user")
    if settings.user and settings.user == settings.checker_user:
        faults.append(
            "--user and --checker-user are the same; the process that reads strangers' files must not have the keys"
        )
    return faults


def _find_user(name: str) -> int | None:
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None

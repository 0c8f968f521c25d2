"""The few operations of an object store that an archive needs, through boto3, with errors in one line."""

import base64
import contextlib
import datetime
import email.utils
import errno
import secrets
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from ...errors import ArchiveError, MissingExtraError, one_line
from .base import INCOMING, Lock, TooLargeError

_WRITER = "writer"  # the name of an object's metadata
_PROBE = f"{INCOMING}/probe-"
_AGAIN = 5  # attempts where the store says that another writer was at it at the same moment


class Client:
    """A place in a store.

    Args:
        client: boto3's.
        bucket: the bucket.
        prefix: what keys begin with, without a slash at its end.
    """

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self.location = f"s3://{bucket}" + (f"/{prefix}" if prefix else "")
        self._client, self._bucket, self._prefix = client, bucket, f"{prefix}/" if prefix else ""
        self._now: datetime.datetime | None = None

    def exists(self) -> bool:
        """Tell whether the bucket exists."""
        return self._call("head_bucket", missing=("404", "NoSuchBucket"), key=None) is not None

    def tell_time(self) -> datetime.datetime:
        """Tell what time it was by the store's clock, when it last gave an answer."""
        return self.ask_time() if self._now is None else self._now

    def ask_time(self) -> datetime.datetime:
        """Ask what time it is by the store's clock: this process may have slept since the last answer."""
        self._now = None
        self.exists()
        if self._now is None:
            raise ArchiveError(f"{self.location}: the store does not say what time it is")
        return self._now

    def get(self, name: str, at_most: int | None = None) -> tuple[bytes, str] | None:
        """Read an object of at most so many bytes, with its tag, or None if there is none."""
        found = self._call("get_object", missing=("NoSuchKey", "404"), key=name)
        if found is None:
            return None
        if at_most is not None and found["ContentLength"] > at_most:
            raise TooLargeError(name, at_most)
        try:
            return found["Body"].read(), found["ETag"]
        except Exception as error:
            raise OSError(errno.EIO, one_line(error), f"{self.location}/{name}") from error

    def measure(self, name: str) -> int | None:
        """Tell how many bytes an object has, or None where it does not exist."""
        found = self._call("head_object", missing=("NoSuchKey", "404"), key=name)
        return None if found is None else int(found["ContentLength"])

    def find(self, folder: str) -> Iterator[tuple[str, int, datetime.datetime]]:
        """Find objects in and below a folder: names, sizes, and when they were changed."""
        token: dict[str, str] = {}
        while True:
            prefix = self._prefix + (f"{folder.rstrip('/')}/" if folder else "")
            page = self._call("list_objects_v2", missing=(), key=None, Prefix=prefix, **token)
            for each in page.get("Contents", ()):
                yield each["Key"][len(self._prefix) :], each["Size"], each["LastModified"]
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def find_writer(self, name: str) -> str:
        """Tell which writer put an object, if it said so."""
        found = self._call("head_object", missing=("NoSuchKey", "404"), key=name)
        return "" if found is None else str(found["Metadata"].get(_WRITER, ""))

    def put(self, name: str, content: bytes, *, match: str | None = None, writer: str = "", **lock: Any) -> bool:
        """Put an object if there is none, or in place of the one with a tag; tell whether it was put.

        If the store's answer was lost, an object with the same bytes counts as our own: two writers write the same
        bytes only where both may rely on them.
        """
        condition = {"IfNoneMatch": "*"} if match is None else {"IfMatch": match}
        digest = base64.b64encode(sha256(content).digest()).decode()
        named = {"Metadata": {_WRITER: writer}} if writer else {}
        for _ in range(_AGAIN):
            done = self._call(
                "put_object",
                missing=("PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey"),
                key=name,
                Body=content,
                ChecksumSHA256=digest,
                **condition,
                **named,
                **lock,
            )
            if done is not None:
                return True
            if match is not None:
                return False
            if (found := self.get(name)) is not None:
                return found[0] == content
        raise OSError(
            errno.EAGAIN,
            "the store reported five times that another process is writing to it",
            f"{self.location}/{name}",
        )

    def retain(self, name: str, mode: str, until: datetime.datetime) -> None:
        """Lock an object until a moment."""
        retention = {"Mode": mode, "RetainUntilDate": until}
        self._call("put_object_retention", missing=(), key=name, Retention=retention, ChecksumAlgorithm="SHA256")

    def hold(self, name: str, *, on: bool) -> bool:
        """Put an object under legal hold, or lift it; tell whether the bucket can do that."""
        held = {"Status": "ON" if on else "OFF"}
        missing = ("InvalidRequest", "NoSuchObjectLockConfiguration", "NotImplemented", "501")
        done = self._call(
            "put_object_legal_hold", missing=missing, key=name, LegalHold=held, ChecksumAlgorithm="SHA256"
        )
        return done is not None

    def lock(self, name: str) -> Lock:
        """Find out what prevents the removal of an object."""
        found = self._call("head_object", missing=("NoSuchKey", "404"), key=name) or {}
        held, until = found.get("ObjectLockLegalHoldStatus") == "ON", found.get("ObjectLockRetainUntilDate")
        return Lock(held=held, until=until, asked_at=self.tell_time())

    def find_versions(self) -> Iterator[tuple[str, list[str], bool]]:
        """Find the versions of all objects, the newest first, and whether each one was deleted."""
        arguments: dict[str, str] = {}
        name, versions, deleted = "", list[str](), False
        while True:
            page = self._call("list_object_versions", missing=(), key=None, Prefix=self._prefix, **arguments)
            found = [(each["Key"], each["VersionId"], False) for each in page.get("Versions", ())]
            found += [(each["Key"], each["VersionId"], True) for each in page.get("DeleteMarkers", ())]
            for key, version, marker in sorted(found, key=lambda each: each[0]):
                if key != name:
                    if name:
                        yield name[len(self._prefix) :], versions, deleted
                    name, versions, deleted = key, [], False
                deleted = deleted or marker
                versions += [] if marker else [version]
            if not page.get("IsTruncated"):
                break
            arguments = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}
        if name:
            yield name[len(self._prefix) :], versions, deleted

    def remove(self, name: str) -> None:
        """Remove an object in all of its versions.

        Raises:
            ArchiveError: one is locked.
        """
        page = self._call("list_object_versions", missing=(), key=None, Prefix=self._prefix + name)
        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            if each["Key"] == self._prefix + name:
                self._call("delete_object", missing=("NoSuchKey",), key=name, VersionId=each["VersionId"])

    def require_locks(self, *, wanted: bool) -> None:
        """Require that the bucket locks objects when an archive asks for it, and only then.

        Args:
            wanted: whether it will.

        Raises:
            ArchiveError: it cannot, or it locks every object by default.
        """
        missing = ("ObjectLockConfigurationNotFoundError", "404", "405", "501", *(() if wanted else ("403",)))
        found = self._call("get_object_lock_configuration", missing=missing, key=None)
        rules = {} if found is None else found["ObjectLockConfiguration"]
        if "DefaultRetention" in rules.get("Rule", {}):
            raise ArchiveError(
                f"{self.location}: the bucket locks every object by default, also those that writers must remove; take "
                "its default retention off, and let the archive lock the files that have an entry"
            )
        if wanted and rules.get("ObjectLockEnabled") != "Enabled":
            raise ArchiveError(
                f"{self.location}: the bucket has no object lock; create one that has it, or lock nothing"
            )

    def require_conditions(self) -> None:
        """Test that the store does what an archive relies on.

        Raises:
            ArchiveError: it ignores conditions or checksums, so that writers would write over each other.
        """
        name = f"{_PROBE}{secrets.token_hex(8)}"
        wrong = base64.b64encode(bytes(32)).decode()
        try:
            self.put(name, b"probe")
            for what, arguments in (
                ("If-None-Match", {"IfNoneMatch": "*"}),
                ("If-Match", {"IfMatch": '"00000000000000000000000000000000"'}),
                ("checksums", {"ChecksumSHA256": wrong}),
            ):
                with contextlib.suppress(OSError):
                    refused = self._call(
                        "put_object",
                        missing=("PreconditionFailed", "412", "BadDigest", "XAmzContentChecksumMismatch"),
                        key=name,
                        Body=b"again",
                        **arguments,
                    )
                    if refused is not None:
                        raise ArchiveError(
                            f"{self.location}: this store ignores {what}, so writers would write over each other; it "
                            "cannot keep an archive"
                        )
        finally:
            self.remove(name)

    def clear_probes(self, before: datetime.datetime) -> None:
        """Remove test objects that were left there before a moment."""
        for name, _, changed in self.find(INCOMING):
            if name.startswith(_PROBE) and changed <= before:
                self.remove(name)

    def _call(self, method: str, *, missing: tuple[str, ...], key: str | None, **arguments: Any) -> Any:
        """Call the store; return None for an expected error code."""
        from botocore.exceptions import BotoCoreError, ClientError

        if key is not None:
            arguments["Key"] = self._prefix + key
        place = self.location if key is None else f"{self.location}/{key}"
        try:
            found = getattr(self._client, method)(Bucket=self._bucket, **arguments)
        except ClientError as error:
            self._note(error.response)
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
            if code in missing or status in missing:
                return None
            if method == "delete_object" and (code == "AccessDenied" or status == "403"):
                raise ArchiveError(f"{place} {self._describe_lock(arguments)}") from None
            if code == "NoSuchBucket":
                raise ArchiveError(f"{self.location}: there is no such bucket") from None
            raise OSError(errno.EIO, f"the store says {code}: {one_line(error)}", place) from None
        except BotoCoreError as error:
            raise OSError(errno.EIO, f"the store cannot be asked: {one_line(error)}", place) from None
        self._note(found)
        return found

    def _describe_lock(self, deleted: dict[str, Any]) -> str:
        """Tell why a version of an object cannot be removed, and until when."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self._client.head_object(Bucket=self._bucket, **deleted)
        except (BotoCoreError, ClientError):
            found = {}
        if found.get("ObjectLockLegalHoldStatus") == "ON":
            return "is under legal hold in the store, and cannot be removed until that is lifted"
        if "ObjectLockRetainUntilDate" in found:
            until = found["ObjectLockRetainUntilDate"].astimezone(datetime.UTC)
            return f"is locked in the store until {until:%Y-%m-%d %H:%M} UTC, and cannot be removed before"
        return "cannot be removed: the store denies it"

    def _note(self, answer: Any) -> None:
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            self._now = email.utils.parsedate_to_datetime(date)


def connect(bucket: str, prefix: str) -> Client:
    """Connect to a store, as boto3 is configured.

    Raises:
        MissingExtraError: boto3 is not installed.
    """
    try:
        from boto3.session import Session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise MissingExtraError("archive-s3", "boto3") from None
    settings = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=10, read_timeout=60)
    try:
        client = Session().client("s3", config=settings)
    except (BotoCoreError, ValueError) as error:
        raise ArchiveError(f"s3://{bucket}: {one_line(error)}") from None
    return Client(client, bucket, prefix)

"""Places for the copies of a batch: a folder by its path or URL, a bucket, another store."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailmart_privacy.batch.destinations import Destination, FolderDestination, find_destination, read_file_url
from mailmart_privacy.desk.keeper.batches.zipped import zip_copies
from mailmart_privacy.errors import UsageError

from .conftest import NOW

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of a server that speaks S3, with its address in the environment."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (KEYS | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}).items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="destination")
        yield "s3://destination"
    server.stop()


def require_kept(place: Destination) -> None:
    """A destination takes each name once, and gives back what it took."""
    assert place.measure("a.pdf") is None
    assert place.read("a.pdf") is None
    assert place.put([("a.pdf", b"first"), ("b.pdf", b"second")]) == [True, True]
    assert place.put([("a.pdf", b"another"), ("c.pdf", b"third")]) == [False, True]
    assert (place.read("a.pdf"), place.measure("a.pdf"), place.measure("c.pdf")) == (b"first", 5, 5)


def test_each_kind_keeps_what_is_there(tmp_path: Path, bucket: str) -> None:
    """Folders, buckets and other stores never replace a file."""
    require_kept(find_destination(str(tmp_path)))
    require_kept(find_destination(f"{bucket}/2026/notice"))
    require_kept(find_destination("memory://copies"))
    with zip_copies(tmp_path / "copies.zip", NOW) as place:
        require_kept(place)
    assert zipfile.ZipFile(tmp_path / "copies.zip").testzip() is None


def test_a_bucket_needs_boto3_alone(bucket: str) -> None:
    """s3:// is served by boto3: neither fsspec nor what it would need is imported."""
    code = (
        "import sys; sys.modules['fsspec'] = sys.modules['s3fs'] = None\n"
        "from mailmart_privacy.batch.destinations import find_destination\n"
        f"place = find_destination('{bucket}/alone')\n"
        "assert place.put([('a', b'1')]) == [True] and place.read('a') == b'1'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_wrong_with_a_bucket_is_told(bucket: str) -> None:
    """A name that no bucket can have, a bucket that does not exist: told before anything is issued."""
    with pytest.raises(UsageError, match="write s3://BUCKET/PREFIX"):
        find_destination("s3://Not a bucket/x")
    with pytest.raises(UsageError, match="there is no bucket missing"):
        find_destination("s3://missing/x")


def test_file_urls() -> None:
    """A file URL is a path of the system that it is read on, with or without a drive."""
    assert find_destination("file:///srv/my%20copies") == FolderDestination(Path("/srv/my copies"))
    assert str(read_file_url("file:///C:/Users/Ann%20B/copies", windows=True)) == r"C:\Users\Ann B\copies"
    assert str(read_file_url("file://localhost/srv", windows=False)) == "/srv"
    for url, windows in (("file://server/share", True), ("file:///srv", True), ("file://copies", False)):
        with pytest.raises(UsageError, match="does not name a folder of this machine"):
            read_file_url(url, windows=windows)

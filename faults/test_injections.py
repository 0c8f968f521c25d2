"""Each system call of an append, with each fault."""

from collections import Counter
from pathlib import Path

import pytest

from .conftest import Count
from .injecting import Laboratory

PORTIONS = 32


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """An archive that is copied for each run; every worker has its own."""
    return Laboratory(tmp_path_factory.mktemp("laboratory"))


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_each_call_with_each_fault(laboratory: Laboratory, count: Count, portion: int) -> None:
    """An append that fails or is killed at any call loses nothing; the next writer finishes it."""
    faults, tally = [], Counter[str]()
    for call, fault in laboratory.cases()[portion::PORTIONS]:
        try:
            tally[f"{fault} {laboratory.inject(call, fault)}"] += 1
        except Exception as error:  # noqa: BLE001 - all of them are reported together
            faults.append(f"{fault} at {call}: {type(error).__name__}: {error}")
    count("injections", tally)
    assert not faults, "\n".join(faults)


def test_all_kinds_of_calls_were_seen(laboratory: Laboratory) -> None:
    """The list of calls holds those that an append cannot do without."""
    names = {call.name for call in laboratory.calls}
    assert names >= {"openat", "mkdir", "link", "rename", "fsync", "close", "read", "write", "unlink", "rmdir", "flock"}
    targets = " ".join(call.target for call in laboratory.calls)
    for each in ("archive/commits", "archive/copies", "archive/log/checkpoint", "archive/recipients", "keys"):
        assert each in targets


def test_a_call_that_is_not_made_to_fail_is_noticed(laboratory: Laboratory, tmp_path: Path) -> None:
    """A run in which nothing was made to fail counts for nothing."""
    last = max((call for call in laboratory.calls if call.name == "rmdir"), key=lambda call: call.occurrence)
    with pytest.raises(AssertionError, match="no call was made to fail"):
        laboratory.inject(type(last)("rmdir", last.occurrence + 1000, last.target), "EIO")

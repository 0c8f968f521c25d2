"""What services test with: a world of three versions, and a clock that they set."""

import datetime
from pathlib import Path

import pytest

import mailmart_privacy as privacy
from mailmart_privacy import testing
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.testing import Clock, three_versions
from mailmart_privacy.web import create_service

SECOND = datetime.timedelta(seconds=1)


def test_the_clock_decides_which_version_is_in_force() -> None:
    """The second version is in force until the clock comes to the moment at which the third takes effect."""
    with three_versions() as world:
        assert [v.version for v in privacy.versions()] == ["2026-02-24", "2026-09-01", "2027-01-15"]
        assert privacy.current().version == world.second.version
        assert privacy.upcoming() == (world.third,)
        world.clock.set(world.third.effective_at - SECOND)
        assert privacy.current().version == world.second.version
        world.clock.advance(SECOND)
        assert privacy.current().version == world.third.version
        assert privacy.upcoming() == ()


def test_what_somebody_acknowledged_is_found_again() -> None:
    """The text of an older version resolves, and what came after it is material only once the third is in force."""
    with three_versions() as world:
        known = world.first.text_id
        assert privacy.resolve(known).version == world.first.version
        assert not privacy.current().changes_since(known).material
        world.clock.set(world.third.effective_at)
        assert [v.version for v in privacy.current().changes_since(known).versions] == ["2026-09-01", "2027-01-15"]
        assert privacy.current().changes_since(known).material
        assert "Postmark" in {each.name for each in privacy.processors}


def test_a_service_that_is_made_within_serves_them() -> None:
    """A service goes by that clock, announces what is to come, and has every format of every version."""
    with three_versions() as world:
        service = create_service()
        page = service.respond("GET", "/privacy", {}).body
        assert b"September 1, 2026" in page
        assert b"February 1, 2027" in page
        for version in (world.first, world.second, world.third):
            for ending in ("", ".txt", ".md", ".json", ".pdf"):
                assert service.respond("GET", f"/privacy/{version.version}{ending}", {}).status == 200
        world.clock.set(world.third.effective_at)
        assert service.respond("GET", "/privacy", {}).body != page


def test_nothing_is_left_behind() -> None:
    """After the block, also one that failed, the versions and the clock are what they were."""
    before, versions = shipped(), privacy.versions()
    with pytest.raises(ZeroDivisionError), three_versions(at=datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)):
        len(privacy.current().history) // 0
    assert privacy.versions() == versions
    assert shipped() is not before  # loaded again, from what ships
    assert privacy.upcoming() == shipped().upcoming(datetime.datetime.now(datetime.UTC))


def test_its_records_are_sound() -> None:
    """Every file that the world's ledger records is there, and is what the ledger says."""
    with three_versions():
        ledger = shipped()
        assert isinstance(ledger, Ledger)
        for version in ledger.versions:
            for name, _ in version.records:
                assert ledger.record(version.version, name)


@pytest.mark.parametrize("moment", [datetime.datetime(2027, 1, 1), datetime.date(2027, 1, 1), None])
def test_a_clock_tells_moments(moment: object) -> None:
    """A clock is set to what names a moment, and to nothing else."""
    with pytest.raises(privacy.UsageError, match="time zone"):
        Clock(moment)  # type: ignore[arg-type]


def test_it_needs_no_extra() -> None:
    """The module imports no test framework, and nothing that comes with an extra."""
    source = Path(testing.__file__).read_text(encoding="utf-8")
    assert "pytest" not in source
    assert "weasyprint" not in source

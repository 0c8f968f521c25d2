"""A bar fits its line: what a terminal has wrapped is never erased."""

import pytest

from mailmart_privacy.cli.progress import fit_bar


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
@pytest.mark.parametrize(("what", "total"), [("issuing", 1_500), ("verifying", 100_000), ("x", 9)])
def test_the_line_of_a_bar_is_not_wrapped(what: str, total: int, columns: int) -> None:
    """With the time that is left and the rate, at any width that a terminal has."""
    line = f"{what}  [{'#' * fit_bar(what, total, columns)}]  {total}/{total}  00:00:12  10,000/s"
    assert len(line) < max(columns, 55)
    assert fit_bar(what, total, 200) == 36

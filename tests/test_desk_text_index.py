"""Texts that are searched as one are found as if each was looked into."""

from hypothesis import given
from hypothesis import strategies as st

from mailmart_privacy.desk.keeper.text_index import TextIndex

TEXTS = st.lists(st.text("abä", max_size=4), max_size=60)


@given(texts=TEXTS, more=TEXTS, sought=st.text("abä", min_size=1, max_size=3), gone=st.integers(0, 9))
def test_it_finds_what_contains_the_text(texts: list[str], more: list[str], sought: str, gone: int) -> None:
    """In the order of adding, each once; added ones and removed ones too."""
    index, expected = TextIndex[int](), list(enumerate(texts))
    for number, text in expected:
        index.add(text, number)
    assert list(index.find(sought)) == [number for number, text in expected if sought in text]
    for number, text in enumerate(more, 20 * len(texts)):
        index.add(text, number)
        expected.append((number, text))
    index.remove(lambda number: number % 10 == gone)
    expected = [(number, text) for number, text in expected if number % 10 != gone]
    assert list(index.find(sought)) == [number for number, text in expected if sought in text]
    assert list(index.find(sought, at_start=True)) == [number for number, text in expected if text.startswith(sought)]


def test_many_blocks() -> None:
    """The first and the last line of each block are found, and nothing of a removed owner is kept."""
    index = TextIndex[int]()
    for number in range(5000):
        index.add(f"name {number} gmbh", number)
    for number in (0, 1023, 1024, 2047, 2048, 4095, 4096, 4999):
        assert number in list(index.find(f"name {number} "))
    assert list(index.find("gmbh")) == list(range(5000))
    index.remove(lambda number: number == 1024)
    assert list(index.find("name 1024 ")) == []
    assert list(index.find("gmbh")) == [number for number in range(5000) if number != 1024]


def test_what_shares_rare_letters_comes_first() -> None:
    """Letters that nearly all texts have say little, also where only some of these texts are considered."""
    index = TextIndex[int]()
    for number in range(5000):
        index.add(f"name {number} gmbh", number)
    assert index.rank("mame 4711 gmbx")[0] == 4711
    assert index.rank("zzzz") == []

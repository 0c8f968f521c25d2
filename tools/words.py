"""Look for phrases that a native speaker would stumble over, and for install lines that nobody should follow.

    words.py            fail where a pattern is found, and list where
    words.py --counts   print how often each pattern is found

Text that is right as it is goes into ALLOWED.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREES = ("src", "templates", "docs", "tests", "conformance", "faults", "benchmarks")
SUFFIXES = (".py", ".js", ".mjs", ".md", ".html", ".css", ".txt", ".xml")
LEFT_OUT = {"data", "node_modules"}  # MailMart's own words, and other people's
FILES = ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """A turn of phrase, and what to write instead."""

    expression: str
    instead: str


PATTERNS = (
    Pattern(
        expression=r"pip3? install (?:--?[\w-]+ )*['\"]?mailmart[-_]privacy\b(?!-[0-9])",
        instead="name the extra, and point to Installing: on the public index the name is not MailMart's",
    ),
    Pattern(expression=r"--extra-index-url", instead="--index-url: with two indexes, either can serve the package"),
    Pattern(expression=r"\bfor ?ever\b", instead="permanently, or until when"),
    Pattern(expression=r"\b(?:hold|holds|held|holding)\b(?: \w+){0,4} against\b", instead="compare with"),
    Pattern(expression=r"\bby a way (?:that|they|of)\b|\bby ways\b", instead="through a channel that"),
    Pattern(expression=r"\b(?:is|are|was|were) none of (?:a|an|the|its|ours|these)\b", instead="is not a ..."),
    Pattern(expression=r"\btakes no (?:time|part)\b", instead="has no ..., or does not accept ..."),
    Pattern(expression=r"\bby (?:its|his|their) own word\b", instead="according to, or as it says itself"),
    Pattern(expression=r"\bwho(?:m?ever)\b", instead="name the person: somebody who, those who, no matter who"),
    Pattern(expression=r"\b(?:stands?|come|comes) behind\b|\bone behind the other\b", instead="follows"),
    Pattern(expression=r"\bstands? (?:in|at|before|after|above|below|there)\b(?! the way| for)", instead="is, comes"),
    Pattern(expression=r"\bhow manieth\b", instead="its index, from 1"),
    Pattern(expression=r"\bor not any longer\b", instead="or no longer"),
    Pattern(expression=r"\b(?:for|to|of|from|with) who\b", instead="for those who, or name the person"),
    Pattern(expression=r"\bsays so first\b", instead="announces itself before"),
    Pattern(expression=r"(?<!_)\banew\b(?!_)", instead="again, or rebuild"),
    Pattern(expression=r"\b(?:go|goes|going|gone|went) on with\b", instead="continue"),
    Pattern(
        expression=r"\bheld to (?:be|have|the|a|an|what|some|its|it|was|rules)\b", instead="compared with, or counts as"
    ),
    Pattern(expression=r"\bone spelling\b", instead="canonical form"),
    Pattern(expression=r"\bany longer\b", instead="no longer"),
    Pattern(expression=r"\bbecame of\b", instead="the outcome, or what happened to"),
    Pattern(expression=r"\bcom(?:e|es|ing) to be\b|\bcame to be\b", instead="is made"),
    Pattern(expression=r"\bare looked at\b|\bwas looked at\b|\bis looked at\b", instead="is read, or is checked"),
    Pattern(expression=r"\bwhere nothing is\b(?! \w)", instead="which does not exist"),
    Pattern(
        expression=r"(?:[.;:(]\s|\"\"\")who (?:has|have|adds|reads|wants|clears|stages|relies|serves)\b",
        instead="name the person: somebody who, those who",
    ),
    Pattern(expression=r"\bwhere there (?:is|are) none\b", instead="if there is none"),
    Pattern(expression=r"\bis called so\b", instead="has that name"),
    Pattern(expression=r"\bwhere (?:it|they|the \w+|an? \w+) lies?\b", instead="where it is"),
    Pattern(expression=r"\bwhat power may take\b", instead="what survives a power failure"),
    Pattern(
        expression=r"(?<!there\s)\b(?:is|are) no (?!longer\b|more\b|later\b|other\b|doubt\b|less\b)\w+",
        instead="is not a ...",
    ),
)
# Parts of lines that are right as they are.
ALLOWED = ("`pip install bagit`",)


def main() -> int:
    texts = {path: path.read_text(encoding="utf-8") for path in list_files()}
    status = 0
    for pattern in PATTERNS:
        found = list(find(pattern, texts))
        if "--counts" in sys.argv[1:]:
            print(f"{len(found):4} {pattern.expression}")
        elif found:
            print(f"{pattern.expression}: {len(found)}", *found, sep="\n  ")
            status = 1
    return status


def list_files() -> list[Path]:
    """List the files whose words are looked at."""
    found = [path for tree in TREES for path in sorted((ROOT / tree).rglob("*")) if path.suffix in SUFFIXES]
    return [*(path for path in found if not LEFT_OUT & {*path.parts}), *(ROOT / name for name in FILES)]


def find(pattern: Pattern, texts: dict[Path, str]) -> Iterator[str]:
    """Find a pattern, also where it is broken over two lines."""
    expression = re.compile(pattern.expression.replace(" ", r"\s+(?:(?:#:?|//|\*) )?"), re.IGNORECASE)
    for path, text in texts.items():
        for match in expression.finditer(text):
            start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
            if any(allowed in text[start:end] for allowed in ALLOWED):
                continue
            words = " ".join(match[0].split())
            number = text.count("\n", 0, match.start()) + 1
            yield f"{path.relative_to(ROOT)}:{number}: {words!r}: write {pattern.instead}"


if __name__ == "__main__":
    sys.exit(main())

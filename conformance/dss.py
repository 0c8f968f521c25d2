"""EU DSS, the European Commission's own validator (ETSI EN 319 102-1): does it pass our copies, and at which level?

Use it by hand: `python -m conformance.dss --trust ROOT.der FILE...`
"""

import argparse
import datetime
import fcntl
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

from .programs import CACHE, HERE, MissingValidatorError, ValidatorError, find_program, run, run_fetching, run_java

VERSION = "6.4"
_HOME = HERE / "java" / "dss"
_JARS = CACHE / f"dss-{VERSION}"
_SIMPLE = "{http://dss.esig.europa.eu/validation/simple-report}"
_DIAGNOSTIC = "{http://dss.esig.europa.eu/validation/diagnostic}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A file to validate.

    Attributes:
        path: the file.
        at: the moment for which it is validated (aware).
        online: whether responders and lists may be asked; else what is in the file has to do.
    """

    path: Path
    at: datetime.datetime
    online: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """What DSS says about one signature.

    Attributes:
        field: the name of its field.
        indication: "TOTAL_PASSED", "TOTAL_FAILED" or "INDETERMINATE".
        reason: its sub-indication, or an empty string.
        level: for instance "PAdES-BASELINE-LTA".
        best_time: the earliest moment at which it is proven to have existed (aware).
        errors: what is wrong with it as an advanced signature, by DSS's own keys.
        warnings: what DSS remarks, likewise.
        timestamps: the indication of each timestamp that covers it.
        permissions: what its DocMDP entry permits after it, or an empty string.
        changes: what was changed after it, by DSS's own classes.
        breaks: where the file itself does not hold: an inconsistent dictionary, a byte range that is none.
    """

    field: str
    indication: str
    reason: str
    level: str
    best_time: datetime.datetime
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    timestamps: tuple[str, ...]
    permissions: str
    changes: frozenset[str]
    breaks: tuple[str, ...]


def validate(jobs: Sequence[Job], trusted: Sequence[bytes]) -> dict[Path, tuple[Signature, ...]]:
    """Validate files, all of them in one JVM, under DSS's default policy.

    Args:
        jobs: the files.
        trusted: the certificates to trust, in DER; no list of the Union's is asked.

    Returns:
        What DSS says about the signatures of each file, in their order.

    Raises:
        MissingValidatorError: Java or Maven is not installed, or DSS cannot be fetched.
        ValidatorError: a file could not be validated at all.
    """
    fetch()
    classes = _compile()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        roots = [folder / f"root-{number}.der" for number in range(len(trusted))]
        for path, content in zip(roots, trusted, strict=True):
            path.write_bytes(content)
        asked = [
            argument
            for job in jobs
            for argument in (
                job.at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "online" if job.online else "offline",
                job.path.resolve(),
            )
        ]
        output = run_java("-cp", f"{_JARS / '*'}:{classes}", "Validate", folder, *roots, "--", *asked)
        try:
            return {
                job.path: _read(
                    ElementTree.parse(folder / f"{number}.simple.xml").getroot(),
                    ElementTree.parse(folder / f"{number}.diagnostic.xml").getroot(),
                )
                for number, job in enumerate(jobs)
            }
        except (OSError, ElementTree.ParseError, KeyError, ValueError) as error:
            raise ValidatorError(
                f"DSS gave no verdict (exit status {output.status}, {error!r}):\n{output.stderr}"
            ) from None


def _compile() -> Path:
    """Compile our program around DSS, once for each state of it, and return the folder of its classes."""
    source = _HOME / "Validate.java"
    classes = CACHE / f"dss-{VERSION}-{sha256(source.read_bytes()).hexdigest()[:16]}"
    with (CACHE / "dss.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not classes.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                output = run("javac", "-cp", _JARS / "*", "-d", Path(folder, "classes"), source)
                if output.status != 0:
                    raise ValidatorError(f"the program around DSS cannot be compiled:\n{output.stderr}")
                Path(folder, "classes").rename(classes)
    return classes


def fetch() -> None:
    """Have Maven fetch DSS, once.

    Raises:
        MissingValidatorError: Java's compiler or Maven is not installed, or Maven could not fetch it.
    """
    find_program("javac")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "dss.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _JARS.is_dir():
            return
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            target = Path(folder, "jars")
            output = run_fetching(
                "mvn",
                "--batch-mode",
                "--update-snapshots",  # what could not be fetched a moment ago is asked for again
                "--quiet",
                f"--file={_HOME / 'pom.xml'}",
                "dependency:copy-dependencies",
                f"-DoutputDirectory={target}",
            )
            if output.status != 0 or not (target / f"dss-pades-{VERSION}.jar").is_file():
                raise MissingValidatorError(f"Maven could not fetch DSS {VERSION}:\n{output.stdout}{output.stderr}")
            target.rename(_JARS)


def _read(simple: ElementTree.Element, diagnostic: ElementTree.Element) -> tuple[Signature, ...]:
    found = {signature.attrib["Id"]: signature for signature in diagnostic.iter(f"{_DIAGNOSTIC}Signature")}
    listed = [element for element in simple if element.tag == f"{_SIMPLE}Signature"]
    if len(listed) != int(_text(simple, "SignaturesCount")):
        raise ValueError("DSS counts other signatures than it lists")
    return tuple(_read_signature(element, found[element.attrib["Id"]]) for element in listed)


def _read_signature(simple: ElementTree.Element, diagnostic: ElementTree.Element) -> Signature:
    revision = _one(diagnostic, "PDFRevision")
    dictionary = _one(revision, "PDFSignatureDictionary")
    ranges = _one(dictionary, "SignatureByteRange")
    details = simple.find(f"{_SIMPLE}AdESValidationDetails")
    docmdp = dictionary.find(f"{_DIAGNOSTIC}DocMDP")
    detection = revision.find(f"{_DIAGNOSTIC}ModificationDetection")
    listed = f"{_DIAGNOSTIC}ObjectModifications"
    changes = () if detection is None else tuple(detection)
    kinds = {found.tag for change in changes for found in (change if change.tag == listed else [change])}
    breaks = [] if dictionary.attrib["consistent"] == "true" else ["its dictionary is not consistent"]
    breaks += [] if ranges.attrib["valid"] == "true" else ["its byte range is not valid"]
    reason = simple.find(f"{_SIMPLE}SubIndication")
    stamps = simple.find(f"{_SIMPLE}Timestamps")
    return Signature(
        field=_one(revision, "SignatureField").attrib["name"],
        indication=_text(simple, "Indication"),
        reason="" if reason is None else str(reason.text),
        level=simple.attrib["SignatureFormat"],
        best_time=datetime.datetime.fromisoformat(_text(simple, "BestSignatureTime")),
        errors=_keys(details, "Error"),
        warnings=_keys(details, "Warning"),
        timestamps=() if stamps is None else tuple(_text(stamp, "Indication") for stamp in stamps),
        permissions="" if docmdp is None else str(_one(docmdp, "Permissions").text),
        changes=frozenset(kind.removeprefix(_DIAGNOSTIC) for kind in kinds),
        breaks=tuple(breaks),
    )


def _one(element: ElementTree.Element, name: str) -> ElementTree.Element:
    (found,) = element.findall(f"{_DIAGNOSTIC}{name}")
    return found


def _text(element: ElementTree.Element, name: str) -> str:
    (found,) = element.findall(f"{_SIMPLE}{name}")
    if not found.text:
        raise ValueError(f"DSS gives no {name}")
    return found.text


def _keys(details: ElementTree.Element | None, name: str) -> tuple[str, ...]:
    return () if details is None else tuple(e.attrib["Key"] for e in details.findall(f"{_SIMPLE}{name}"))


def main() -> int:
    """Validate the files named on the command line as of now; exit with 1 unless all signatures pass."""
    parser = argparse.ArgumentParser(prog="python -m conformance.dss", description=main.__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--trust", action="append", default=[], type=Path, metavar="DER")
    parser.add_argument("--online", action="store_true", help="ask the responders that certificates name")
    asked = parser.parse_args()
    now = datetime.datetime.now(datetime.UTC)
    try:
        jobs = [Job(path=path, at=now, online=asked.online) for path in asked.files]
        verdicts = validate(jobs, [path.read_bytes() for path in asked.trust])
    except (MissingValidatorError, ValidatorError) as error:
        print(error, file=sys.stderr)
        return 1
    for path, signatures in verdicts.items():
        for signature in signatures:
            print(f"{path}: {signature.field}: {signature.indication} {signature.reason} {signature.level}")
            for said in (*signature.errors, *signature.warnings):
                print(f"  {said}")
    passed = all(signatures for signatures in verdicts.values())
    return 0 if passed and all(s.indication == "TOTAL_PASSED" for each in verdicts.values() for s in each) else 1


if __name__ == "__main__":
    sys.exit(main())

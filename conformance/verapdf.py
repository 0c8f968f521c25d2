"""veraPDF: is a file PDF/A-4f (ISO 19005-4), PDF/UA-2 (ISO 14289-2) and WTPDF 1.0?

Use it by hand: `python -m conformance.verapdf FILE...`
"""

import argparse
import fcntl
import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from .programs import CACHE, HERE, MissingValidatorError, ValidatorError, find_program, run_fetching, run_java

VERSION = "1.30.2"
JAR = CACHE / f"verapdf-cli-{VERSION}.jar"
_JAR_DIGEST = "287cc9c9757f99dcff4a2d39b68268245b48103fb6af443162d5a29df2afa332"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A standard that veraPDF knows.

    Attributes:
        flavour: what veraPDF's option calls it.
        name: what veraPDF's report calls it.
        rules: how many rules this version of veraPDF holds a file to; fewer would be a partial verdict.
    """

    flavour: str
    name: str
    rules: int


PDF_A_4F = Profile(flavour="4f", name="PDF/A-4f validation profile", rules=109)
PDF_A_4 = Profile(flavour="4", name="PDF/A-4 validation profile", rules=109)
PDF_UA_2 = Profile(flavour="ua2", name="PDF/UA-2 + Tagged PDF validation profile", rules=1727)
WTPDF_A = Profile(flavour="wt1a", name="WTPDF 1.0 Accessibility validation profile", rules=1723)
WTPDF_R = Profile(flavour="wt1r", name="WTPDF 1.0 Reuse validation profile", rules=1710)
PROFILES = (PDF_A_4F, PDF_UA_2, WTPDF_A, WTPDF_R)


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedRule:
    """A rule that a file breaks.

    Attributes:
        clause: the standard's clause and veraPDF's test in it, for instance "ISO 14289-1:2014 7.1-3".
        description: what the clause demands.
        failures: in how many places it is broken.
        messages: what is wrong, with the place, for the first of them.
    """

    clause: str
    description: str
    failures: int
    messages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What veraPDF says about one file under one profile.

    Attributes:
        path: the file.
        profile: the standard.
        compliant: whether veraPDF calls it compliant.
        checks: how many single checks were carried out.
        failed_rules: the rules that it breaks.
    """

    path: Path
    profile: Profile
    compliant: bool
    checks: int
    failed_rules: tuple[FailedRule, ...]


def validate(paths: Sequence[Path], profiles: Sequence[Profile] = PROFILES) -> tuple[Verdict, ...]:
    """Validate files, all of them in one JVM for each profile.

    Args:
        paths: the files.
        profiles: the standards; veraPDF's command line takes one at a time, so they run side by side.

    Returns:
        One verdict for each file and profile.

    Raises:
        MissingValidatorError: Java or Maven is not installed, or veraPDF cannot be fetched.
        ValidatorError: a file could not be validated at all.
    """
    fetch()
    with ThreadPoolExecutor() as pool:
        return sum(pool.map(lambda profile: _validate(paths, profile), profiles), start=())


def validate_by_profile(paths: Sequence[Path]) -> dict[tuple[Path, str], Verdict]:
    """Validate files under all profiles; see `validate`. Verdicts by path and the profile's flavour."""
    return {(verdict.path, verdict.profile.flavour): verdict for verdict in validate(paths)}


def fetch() -> None:
    """Have Maven fetch veraPDF's command line, once.

    Raises:
        MissingValidatorError: Maven is not installed, or got something else than the pinned jar.
    """
    find_program("java")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "verapdf.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if JAR.is_file() and _digest(JAR) == _JAR_DIGEST:
            return
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            output = run_fetching(
                "mvn",
                "--batch-mode",
                "--update-snapshots",  # what could not be fetched a moment ago is asked for again
                "--quiet",
                f"--file={HERE / 'java' / 'verapdf' / 'pom.xml'}",
                "dependency:copy-dependencies",
                f"-DoutputDirectory={folder}",
            )
            fetched = Path(folder, f"cli-{VERSION}.jar")
            if output.status != 0 or not fetched.is_file():
                raise MissingValidatorError(f"Maven could not fetch veraPDF {VERSION}:\n{output.stdout}{output.stderr}")
            if _digest(fetched) != _JAR_DIGEST:
                raise MissingValidatorError(f"Maven fetched something else than the pinned veraPDF {VERSION}")
            fetched.rename(JAR)


def _validate(paths: Sequence[Path], profile: Profile) -> tuple[Verdict, ...]:
    absolute = [path.resolve() for path in paths]
    options = ("--flavour", profile.flavour, "--format", "json", "--maxfailuresdisplayed", "3", "--nonpdfext")
    output = run_java("-Xmx1g", "-jar", JAR, *options, *absolute)
    try:
        report = json.loads(output.stdout)["report"]
        _require_complete(report, len(paths))
        jobs = {Path(job["itemDetails"]["name"]): job for job in report["jobs"]}
        return tuple(_read_job(jobs[path], path, profile) for path in absolute)
    except (KeyError, ValueError, TypeError) as error:
        raise ValidatorError(
            f"veraPDF gave no verdict on {profile.name} (exit status {output.status}, {error!r}):\n"
            f"{output.stderr or output.stdout}"
        ) from None


def _require_complete(report: dict[str, Any], count: int) -> None:
    summary = report["batchSummary"]
    troubles = ("outOfMemory", "veraExceptions", "failedEncryptedJobs", "failedParsingJobs")
    if summary["totalJobs"] != count or any(summary[trouble] for trouble in troubles):
        raise ValueError(f"not every file was validated: {summary}")
    versions = {detail["version"] for detail in report["buildInformation"]["releaseDetails"]}
    if versions != {VERSION}:
        raise ValueError(f"not the pinned version: {versions}")


def _read_job(job: dict[str, Any], path: Path, profile: Profile) -> Verdict:
    (result,) = job["validationResult"]
    if result["jobEndStatus"] != "normal" or result["profileName"] != profile.name:
        raise ValueError(f"{result['jobEndStatus']} end, under {result['profileName']}")
    details = result["details"]
    rules = details["passedRules"] + details["failedRules"]
    checks = details["passedChecks"] + details["failedChecks"]
    if rules != profile.rules or checks <= 0:
        raise ValueError(f"{rules} rules and {checks} checks were carried out, not {profile.rules} rules")
    failed = tuple(_read_rule(rule) for rule in details["ruleSummaries"] if rule["ruleStatus"] == "FAILED")
    if len(failed) != details["failedRules"] or result["compliant"] is not (not failed):
        raise ValueError("the verdict and its reasons do not agree")
    return Verdict(path=path, profile=profile, compliant=result["compliant"], checks=checks, failed_rules=failed)


def _read_rule(rule: dict[str, Any]) -> FailedRule:
    return FailedRule(
        clause=f"{rule['specification']} {rule['clause']}-{rule['testNumber']}",
        description=rule["description"],
        failures=rule["failedChecks"],
        messages=tuple(f"{check['errorMessage']} [{check['context']}]" for check in rule["checks"]),
    )


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def describe(verdict: Verdict) -> str:
    """Say a verdict in words, one line and one more for each failed rule and message."""
    state = "compliant" if verdict.compliant else f"NOT compliant, {len(verdict.failed_rules)} failed rules"
    lines = [f"{verdict.path.name}: {verdict.profile.flavour}: {state} ({verdict.checks} checks)"]
    for rule in verdict.failed_rules:
        lines.append(f"  {rule.clause} ({rule.failures}×): {rule.description}")
        lines.extend(f"    {message}" for message in rule.messages)
    return "\n".join(lines)


def main() -> int:
    """Validate the files named on the command line; exit with 1 unless all of them comply."""
    parser = argparse.ArgumentParser(prog="python -m conformance.verapdf", description=main.__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    try:
        verdicts = validate(parser.parse_args().files)
    except (MissingValidatorError, ValidatorError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(describe(verdict) for verdict in verdicts))
    return 0 if all(verdict.compliant for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())

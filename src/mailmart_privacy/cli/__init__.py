"""The command line: parse, call, print. The only part that exits, and that asks the clock."""

from ..errors import ExitCode, MissingExtraError

__all__ = ["main"]

PROGRAM = "mailmart-privacy"


def main() -> None:
    """Run the command line, and exit with its code."""
    import sys

    try:
        from .app import run
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        print(f"{PROGRAM}: {MissingExtraError('pdf', 'Click')}", file=sys.stderr)
        sys.exit(ExitCode.FAILED)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    sys.exit(run(sys.argv[1:], program=PROGRAM))

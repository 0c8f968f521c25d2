"""The command line: parse arguments, call the library, print. Only this part exits."""

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
        print(f"{PROGRAM}: {MissingExtraError('cli', 'Click')}", file=sys.stderr)
        sys.exit(ExitCode.FAILED)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    sys.exit(run(sys.argv[1:], program=PROGRAM))

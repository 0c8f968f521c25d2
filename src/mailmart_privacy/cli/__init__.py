"""The command line: parse arguments, call the library, print. Only this part exits."""

from ..errors import ExitCode, MissingExtraError

__all__ = ["main"]

PROGRAM = "mailmart-privacy"
_OBJECTS = 50_000  # that have to be new before some of them are collected; those of a command take about 10 MiB


def main() -> None:
    """Run the command line, and exit with its code."""
    import gc
    import sys

    # A command creates a hundred thousand objects while its modules load, and none of them is garbage. To look for some
    # would take a sixth of the time of a short command.
    gc.set_threshold(_OBJECTS)
    try:
        from .app import run
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        print(f"{PROGRAM}: {MissingExtraError('cli', 'Click')}", file=sys.stderr)
        sys.exit(ExitCode.FAILED)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    code = run(sys.argv[1:], program=PROGRAM)
    gc.freeze()  # what is left is freed by the process's end
    sys.exit(code)

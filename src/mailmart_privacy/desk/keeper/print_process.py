"""The process that sets a page as PDF: HTML at its standard input, the PDF at its standard output."""

import sys

from ...errors import MissingExtraError
from ...form.page import print_page


def main() -> None:
    try:
        content = print_page(sys.stdin.buffer.read().decode())
    except (MissingExtraError, OSError) as error:  # OSError: a library of the system is missing
        print(f"desk: a report cannot be printed: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main()

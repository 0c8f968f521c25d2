"""`python -m mailmart_privacy`."""

from .cli import main

main()

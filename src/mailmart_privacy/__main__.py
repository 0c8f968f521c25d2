"""`python -m mailmart_privacy`."""

from .cli import main

if __name__ == "__main__":
    main()

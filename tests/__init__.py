"""What the project promises, tested."""

from .world import enter

enter()

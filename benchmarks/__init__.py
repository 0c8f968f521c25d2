"""Measures the figures that the design sets, side by side with others doing the same work, in one run."""

"""Copy → `Verification`, or an error that says why not."""

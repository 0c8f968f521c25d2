"""The policy as values, its versions and its ledger, and the readers and writers of its text."""

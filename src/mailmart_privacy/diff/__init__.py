"""What changed from one text of the policy to another."""

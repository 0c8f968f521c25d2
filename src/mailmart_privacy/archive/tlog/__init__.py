"""The transparency log: Merkle tree (RFC 6962), tiles, signed notes (C2SP)."""

"""The archive in a folder, put through what disks, crashes and hands may do to it; see README.md."""

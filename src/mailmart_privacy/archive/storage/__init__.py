"""The storage of an archive: a folder or an S3 bucket."""

"""Where the files of an archive lie: a folder or an S3 bucket."""

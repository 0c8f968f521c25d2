"""Making the records of a version, and the rules that a release keeps."""

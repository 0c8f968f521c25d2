"""The index of an archive, rebuilt from its log whenever needed."""

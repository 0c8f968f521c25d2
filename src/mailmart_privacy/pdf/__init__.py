"""What a copy is made of: what its fields show, its signature containers, its updates and their objects."""

"""A package, so that its stack, a fixture of the package, ends with the last test of this folder."""

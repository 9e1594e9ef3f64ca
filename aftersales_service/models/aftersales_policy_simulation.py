"""A draft policy over the cases of the past."""

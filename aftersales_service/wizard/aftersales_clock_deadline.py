"""Set the deadline of a promise by hand."""

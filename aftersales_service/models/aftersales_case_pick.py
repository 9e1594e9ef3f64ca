"""The next case of a specialist."""

"""Apply a policy to open cases."""

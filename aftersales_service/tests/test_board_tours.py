"""The board of managers."""

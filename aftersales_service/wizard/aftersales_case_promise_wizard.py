"""Promise the customer a time."""

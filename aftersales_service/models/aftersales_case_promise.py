"""Times told to a customer."""

"""Messages to customers, prepared for a person to send."""

"""What other addons can extend, proven by an addon that extends it."""

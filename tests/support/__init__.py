"""Real servers on loopback, a browser, and how to talk to them."""

"""Steps of a promise's ladder."""

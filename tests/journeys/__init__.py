"""The journeys of the people the product is for, from end to end."""

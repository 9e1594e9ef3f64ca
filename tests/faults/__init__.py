"""The clock job meets crashes, rivals, long absence and steps that fail."""

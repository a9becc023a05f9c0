"""The commands of `paperboy`, one per module."""

"""The commands of `paperboy`, one a module."""

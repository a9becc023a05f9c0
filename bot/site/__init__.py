"""The folder of pages: a projection of the store."""

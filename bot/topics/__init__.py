"""What somebody cares about, and whether a paper is it."""

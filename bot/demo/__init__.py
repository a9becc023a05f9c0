"""The demo: the whole program on sample mailings and loopback servers, without an account or network."""

"""The whole way with no account and no network: sample mailings and loopback receivers."""

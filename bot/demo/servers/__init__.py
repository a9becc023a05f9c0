"""Servers on loopback that behave as Slack, Discord, a mail relay and arXiv do, limits included."""

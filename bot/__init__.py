"""Paperboy: arXiv's daily mailing, brought to Slack, Discord and mail, each paper once."""

__version__ = "0.1.0"

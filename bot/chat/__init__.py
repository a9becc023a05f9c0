"""Readers answer in Slack and in Discord: one table of commands, heard and answered on both.

message, click -> Request -> command -> members, store -> Answer -> blocks, embeds      (seen by who asked alone)
"""

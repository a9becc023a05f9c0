"""Commands that readers give in Slack and in Discord: one table of commands for both platforms.

    message, click -> Request -> command -> members, store -> Answer -> blocks, embeds

An answer is shown only to the person who asked.
"""

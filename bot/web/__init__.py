"""The pages on which readers answer, served by `run`: sign up, confirm, preferences, unsubscribe, feedback, health.

    request -> who asks, what form -> a page function, in a thread -> [command] -> page -> template -> answer

A page function is given all that a request says and returns a value: it knows no HTTP, and what it does to the store
is a command of `members`. GET and HEAD reach only functions that read. No cookie is set, nothing is loaded from
elsewhere, and whoever has a link has what it is for and nothing more.
"""

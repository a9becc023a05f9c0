"""The pages for readers, served by `run`: sign-up, confirmation, preferences, unsubscribing, feedback, health.

    request -> client, form, link -> page function, in a thread -> [command] -> page -> template -> answer

A page function gets a request as a value and returns a page as a value: it knows no HTTP, and it changes the store
only through commands of `members`. GET and HEAD call only functions that read. No cookie is set, nothing is loaded
from other sites, and a link allows only what it was made for.
"""

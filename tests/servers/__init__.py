"""The demo's servers with what only tests need: faults by script, logs of requests, and rarer features."""

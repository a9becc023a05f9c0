"""Discord: the gateway over which commands and clicks come, and what is answered to them."""

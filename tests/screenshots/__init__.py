"""Pictures of what readers see: made from the demo's output by Debian's Chromium, to be judged by eye."""

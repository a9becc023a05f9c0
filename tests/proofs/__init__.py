"""What is claimed of readers' answers, shown with real processes: small in every run, at full size on request.

`make proofs`, or `pytest -m on_request -s tests/proofs`, prints the figures.
"""

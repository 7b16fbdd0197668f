"""Scenarios: what somebody does to a pump, what comes of it, and what should have; written in YAML, run on any target that has a bench.

=============  ================================================================================================
reading        `source` -> `head`, `steps` and the `acts` -> `checking`: all problems of a file at once, each at its line
formulas       `amount` (a number and its dimension), `formula`, `claim` (a sentence that holds or not), `quantities`
running        `stage` (rig, programmer, what was marked and measured), `deeds`, `looks`, `runner`, `result`
afterwards     `recording` (JSON lines, the same bytes for the same seed), `difference` (the first one of two recordings)
=============  ================================================================================================
"""

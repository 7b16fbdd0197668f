"""The conformance suite: each row of `hil/requirements/requirements.csv` shown through the two doors of a pump, whichever pump it is.

Run it with `pumpsim verify URL`, or by pytest with the plugin's options. Files are named for one noun each; what several of them need is in
`given` (a state to start from), `wire` (the front door), `clock` (device time), `therapies` and `causes` (how each alarm comes about).
"""

"""Evidence of a run of the suite: what was shown of each requirement, measured with limits, and by which versions of what.

`records` is what became of each test, `dossier` the whole as one document, `files` its three forms, each with a header block outside its
hash. Two runs that were asked for alike give the same bytes but for that block.
"""

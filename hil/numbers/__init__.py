"""Numbers as data, each with where it comes from, and the clinic's own."""

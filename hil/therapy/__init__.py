"""The therapy as people write and read it: file, checks, review, and its way to the wire and to the firmware."""

"""The demonstration: a story told by a real pump process."""

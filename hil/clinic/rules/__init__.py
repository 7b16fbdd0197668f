"""The label's rules as data: one set for each jurisdiction, read by `table`, applied by `check`, shown by `page`."""

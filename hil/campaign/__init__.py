"""Campaigns: many lives of pumps, from a plan to a table of what came of each."""

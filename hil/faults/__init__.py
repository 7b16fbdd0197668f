"""Faults: one registry over all owners, schedules, and the script that makes a failing run again."""

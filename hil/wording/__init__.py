"""How quantities, alarms, refusals and log records are put into words."""

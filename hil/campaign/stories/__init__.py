"""Stories: one thing that happens to a pump once, and how long until somebody knows. Each is an engine for one case."""

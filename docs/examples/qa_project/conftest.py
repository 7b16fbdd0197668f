"""The bench of this project is in `qa_bench`: its states and its fixtures."""

pytest_plugins = ["qa_bench"]

"""What each role is shown of a lesson: pure folds of its log."""

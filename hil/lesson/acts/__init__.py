"""What each act of a learner does, door by door: `hil.lesson.doors` is the table of them."""

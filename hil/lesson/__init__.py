"""Lessons: a patient, a pump that sounds, and what somebody does about it, as an ordered log that everything else is a fold of.

===========  ======================================================================================================
its files    `head`, `condition`, `texts`, `policy` -> `check` -> `reader`: every mistake at once; `shelf`, `catalogue`
judging      `criteria` (conditions as folds of the log) -> `scoring`
a run        `entries`, `log`, `projection`; `setting`, `case`, `doors`, `facts`, `orders`, `reactions` -> `run`; `replay`
trying       `headless` (scripted learners), `record` (a run saved as a lesson), `futures`
afterwards   `audibility`, `pearls`, `export`, and the folds for pages in `views`
===========  ======================================================================================================
"""

"""What examinations of an implanted pump show: imperfect, as published or assumed, and never the truth itself.

Each function examines a `Bedside` and returns what a person would see. Chances and readings are drawn from (the pump's seed, the test's
name, the time or a draw number given): the same look twice at one instant shows the same. The physical effects are those of the bench acts
that a test is made of: aspirating moves fluid, contrast pushes what stands in the catheter into the patient.

The numbers are in `numbers.yaml`, each with where it comes from; docs/reference/diagnostics.md is made from them.
"""

"""What this machine has and lacks for pumpsim, and what to do about it: `pumpsim doctor`, or `python -m hil.doctor` where even the
command line does not start.

Each look at the machine is a function that gives findings. It imports late and guards itself, for a library that is missing or broken
is what it looks for.
"""

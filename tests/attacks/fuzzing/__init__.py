"""Coverage-guided fuzzing (atheris, libFuzzer) of everything that reads bytes of a client.

A target takes any bytes and returns; an exception is a finding. ``run`` looks for one, guided by the branches
that an input takes. What it has found is fixed where it was found and stays among the target's seeds, which
``make test`` tries.
"""

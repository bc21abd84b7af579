"""Load tests: scenarios that are spoken to a system, measurements of it, and reports."""

import os

# As Ray sets it for a replica. NumPy reads it when it is imported; its other threads would spin and count.
os.environ.setdefault("OMP_NUM_THREADS", "1")

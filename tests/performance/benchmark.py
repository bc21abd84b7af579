"""The benchmark of ``load_tests.benchmark``; without ``--output`` it writes ``benchmarks/baseline.json``.

``python tests/performance/benchmark.py --duration 60``, from the root of the repository.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from load_tests.benchmark import app

if __name__ == "__main__":
    app(default_map={"output": "benchmarks/baseline.json"})

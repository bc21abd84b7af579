"""The comparison of two Serve configs of ``load_tests.ab_test``.

``python tests/performance/ab_test.py --config-a configs/baseline.yml --config-b configs/optimized.yml``, from
the root of the repository.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from load_tests.ab_test import app

if __name__ == "__main__":
    app()

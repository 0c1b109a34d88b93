"""``python -m skill_gym.benchmarks`` is the command line."""

import sys

from skill_gym.benchmarks.cli import main

sys.exit(main())

"""``python -m metertap``: the command line."""

import sys

from metertap.cli import main

sys.exit(main())

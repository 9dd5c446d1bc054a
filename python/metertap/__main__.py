"""``python -m metertap``: the command line."""

import sys

from metertap.cli import main

if __name__ == "__main__":
    sys.exit(main())

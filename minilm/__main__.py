"""`python -m minilm` is `minilm`."""

import sys

from minilm.cli import main

sys.exit(main())

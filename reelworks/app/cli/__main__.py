"""``python -m reelworks.app.cli``: the same as the command ``reelworks``."""

from reelworks.app.cli import main

main()

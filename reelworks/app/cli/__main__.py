"""``python -m reelworks.app.cli``: the same as the command ``reelworks``."""

from reelworks.app.cli.main import main

main()

"""``python -m reelworks.app``: serve the API until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import sys

from infra.startup import begin

if __name__ == "__main__":
    begin()

from reelworks.app.server import serve
from reelworks.errors import ReelworksError
from reelworks.settings import load_settings


def main() -> int:
    """Serve, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reelworks.app", description=__doc__)
    parser.add_argument("--host", help="where to listen (default: API_HOST)")
    parser.add_argument("--port", type=int, help="port; 0 takes a free one (default: API_PORT)")
    given = parser.parse_args()
    try:
        options = {"api_host": given.host, "api_port": given.port}
        settings = load_settings(**{name: one for name, one in options.items() if one is not None})
        logging.basicConfig(
            level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        serve(settings)
    except ReelworksError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

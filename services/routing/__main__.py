"""Run *routing* until SIGTERM."""

import sys

from jauap.messaging.service import run
from services.routing.app import NAME, make

if __name__ == "__main__":
    sys.exit(run(NAME, make))

"""Run *routing* until SIGTERM."""

import sys

from jauap.stop import run_service

if __name__ == "__main__":
    sys.exit(run_service("routing"))

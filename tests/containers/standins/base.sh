#!/bin/bash
# Debian with Python as a tar on standard output: what stands in for the image of Python where none can be pulled.
set -euo pipefail
exec mmdebstrap --mode=root --variant=apt --quiet --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt=force-unsafe-io --include=python3,python3-venv,python3-pip,ca-certificates bookworm -

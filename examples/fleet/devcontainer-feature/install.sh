#!/bin/sh
# Runs as root while the container is built. PACKAGE is the Feature's option.
set -eu
command -v pipx >/dev/null || { apt-get update && apt-get install -y --no-install-recommends git pipx; }
PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install "${PACKAGE:-ccsetup}"

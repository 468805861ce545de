#!/usr/bin/env bash
# Puts Chromium on a Debian machine that has none, for the tests of the report's page, and says where it stands.
# Never fails: where Chromium cannot be had those tests are skipped, and this says so.
set -uo pipefail

wait_s=600 # an apt-get that hangs holds up the checks no longer than this

found() { # the browser that tests/e2e/test_report_page.py would use
  if [ -n "${GRIDPACT_CHROMIUM:-}" ]; then
    echo "$GRIDPACT_CHROMIUM"
  else
    command -v chromium || command -v chromium-browser || command -v google-chrome
  fi
}

apt() {
  local command=(env DEBIAN_FRONTEND=noninteractive timeout "$wait_s" apt-get -o DPkg::Lock::Timeout=60 "$@")
  if [ "$(id -u)" -ne 0 ]; then command=(sudo -n "${command[@]}"); fi
  "${command[@]}" >>"$log" 2>&1 </dev/null
}

skipped() {
  echo "The tests of the report's page will be skipped: no Chromium, and $1."
  echo "Install one, or set GRIDPACT_CHROMIUM to its path."
}

if ! found >/dev/null; then
  if ! command -v apt-get >/dev/null; then
    skipped "no apt-get to install it with"
    exit 0
  fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    skipped "apt-get needs root, and there is no sudo"
    exit 0
  fi
  echo "Installing Chromium for the tests of the report's page"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # Old package lists may still do, so a failed update does not end it.
  apt update -qq
  if ! apt install -y -qq --no-install-recommends chromium || ! found >/dev/null; then
    tail -n 5 "$log"
    skipped "apt-get could not install it"
    exit 0
  fi
fi
echo "The tests of the report's page use $(found)"

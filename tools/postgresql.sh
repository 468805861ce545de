#!/usr/bin/env bash
# Puts PostgreSQL on a Debian machine that has none, for the tests of stores on a server, and says where it stands.
# Never fails: where PostgreSQL cannot be had those tests are skipped, and this says so.
set -uo pipefail

wait_s=600 # an apt-get that hangs holds up the checks no longer than this
places=${GRIDPACT_POSTGRESQL:-/usr/lib/postgresql}

found() { # the programs that tests/servers.py would use
  local newest=""
  for program in "$places"/*/bin/initdb; do
    if [ -x "$program" ]; then newest=$program; fi
  done
  if [ -n "$newest" ]; then
    echo "${newest%/*}"
  else
    newest=$(command -v initdb) && echo "${newest%/*}"
  fi
}

apt() {
  local command=(env DEBIAN_FRONTEND=noninteractive timeout "$wait_s" apt-get -o DPkg::Lock::Timeout=60 "$@")
  if [ "$(id -u)" -ne 0 ]; then command=(sudo -n "${command[@]}"); fi
  "${command[@]}" >>"$log" 2>&1 </dev/null
}

skipped() {
  echo "The tests of stores on PostgreSQL will be skipped: it is not installed, and $1."
}

if ! found >/dev/null; then
  if ! command -v apt-get >/dev/null; then
    skipped "there is no apt-get to install it with"
    exit 0
  fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    skipped "apt-get needs root, and there is no sudo"
    exit 0
  fi
  echo "Installing PostgreSQL for the tests of stores"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # Old package lists may still do, so a failed update does not end it.
  apt update -qq
  if ! apt install -y -qq --no-install-recommends postgresql || ! found >/dev/null; then
    tail -n 5 "$log"
    skipped "apt-get could not install it"
    exit 0
  fi
fi
echo "The tests of stores on PostgreSQL use $(found)"

#!/bin/bash
# Installs the packages in an empty Debian 12, and does what a first day, an upgrade and a removal do. Needs root,
# mmdebstrap and a Debian mirror; systemd does not run there, so the services are started by their own command lines.
# Usage: packaging/try_packages.sh FOLDER-OF-PACKAGES [ROOT-ARCHIVE]   (an archive that mmdebstrap made is taken again)
set -euo pipefail
packages=$(realpath "$1")
archive=${2:-}
root=$(mktemp -d)
collector=
say() { printf '\n== %s (after %s s)\n' "$*" "$SECONDS"; }
die() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
finish() {
  [ -z "$collector" ] || kill "$collector" 2>/dev/null || true
  umount "$root/proc" 2>/dev/null || true
  rm -rf "$root"
}
trap finish EXIT

say "an empty Debian 12"
if [ -n "$archive" ] && [ -e "$archive" ]; then
  tar -C "$root" -xf "$archive"
else
  mmdebstrap --mode=root --variant=minbase --quiet bookworm "$root"
  [ -z "$archive" ] || tar -C "$root" -cf "$archive" .
fi
mount -t proc proc "$root/proc"
in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_weir() { in_root setpriv --reuid=weir --regid=weir --clear-groups "$@"; }

say "apt install"
mkdir "$root/packages"
cp "$packages"/*.deb "$root/packages"
in_root apt-get update -q >/dev/null
in_root sh -c 'apt-get install -q -y --no-install-recommends /packages/weir_*.deb /packages/weir-host_*.deb' | tail -5
in_root weir --version
in_root weir check /etc/weir/weir.toml
[ "$(stat -c '%U:%G %a' "$root/var/lib/weir")" ] || die "no folder for the store"
in_root stat -c '%n belongs to %U:%G, mode %a' /var/lib/weir

# As the unit does.
start() {
  as_weir weir collect -c /etc/weir/weir.toml --store /var/lib/weir --listen 127.0.0.1:20555 2>"$root/log" &
  collector=$!
  for _ in $(seq 600); do
    grep -q 'listening on' "$root/log" && return
    sleep 0.1
  done
  die "the collector does not start: $(cat "$root/log")"
}
stop() {
  local child
  child=$(pgrep -f 'weir collect -c /etc/weir/weir.toml' | tail -1)
  kill "$child"
  wait "$collector" || die "the collector ended with status $?: $(tail -5 "$root/log")"
  collector=
}

say "collect, ask"
start
in_root weir gen --to 127.0.0.1:20555 --count 20000 --rate 5000 >"$root/sent"
stop
as_weir weir top --last 1h -n 3
stored=$(as_weir weir top --total --csv --last 1d | tail -1 | cut -d, -f1)
[ "$stored" = 20000 ] || die "$stored of 20000 flows are stored"

say "an upgrade, with a configuration that somebody has changed"
echo '# changed' >>"$root/etc/weir/weir.toml"
in_root sh -c 'dpkg -i --force-confold /packages/weir_*.deb' | tail -2
tail -1 "$root/etc/weir/weir.toml" | grep -q changed || die "the upgrade took the configuration away"
start
in_root weir gen --to 127.0.0.1:20555 --count 1000 --rate 5000 >/dev/null
stop
stored=$(as_weir weir top --total --csv --last 1d | tail -1 | cut -d, -f1)
[ "$stored" = 21000 ] || die "$stored of 21000 flows are stored after the upgrade"

say "weir-host"
in_root sh -c 'weir-host --no-sandbox --print' | grep -c '^node_' >"$root/metrics" || true
[ "$(cat "$root/metrics")" -gt 100 ] || die "weir-host prints $(cat "$root/metrics") metrics"

say "remove keeps the data, purge does not"
in_root apt-get remove -q -y weir weir-host >/dev/null
[ -d "$root/var/lib/weir/flows" ] || die "the removal took the flows away"
[ -e "$root/etc/weir/weir.toml" ] || die "the removal took the configuration away"
in_root apt-get purge -q -y weir weir-host >/dev/null
[ ! -e "$root/var/lib/weir" ] || die "the purge left the store"
say "all is well"

#!/bin/bash
# Runs a command on an X server of its own, with a session bus and private folders: headless.sh COMMAND…
# SPDX-License-Identifier: GPL-3.0-or-later
# headless.sh CMD...: run CMD on a private X server + private session bus + private XDG dirs.
# Works as root, with no display, no bus, no $HOME writes.  Kills only what it started.
set -eu
: "${SCREEN:=1280x1024x24}" "${WM:=}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/hl.XXXXXX")
xpid= bus=
cleanup() { rc=$?; trap - EXIT; [ -z "$bus" ] || kill -- "-$bus" 2>/dev/null || :; [ -z "$xpid" ] || { kill "$xpid" 2>/dev/null; wait "$xpid" 2>/dev/null; } || :; rm -rf "$tmp"; exit $rc; }
trap cleanup EXIT; trap "exit 130" INT TERM
# -displayfd: the server picks a free number itself and writes it once it is ready: no race, no sleep
mkfifo "$tmp/dpy"
mkdir "$tmp/fb"; export XVFB_FBDIR=$tmp/fb
setpriv --pdeathsig TERM Xvfb -displayfd 3 -screen 0 "$SCREEN" -fbdir "$tmp/fb" -nolisten tcp -noreset -nocursor -dpi 96 ${XVFB_EXTRA:-} 3>"$tmp/dpy" >"$tmp/xvfb.log" 2>&1 &
xpid=$!
read -r -t 20 n <"$tmp/dpy" || { cat "$tmp/xvfb.log" >&2; exit 99; }
export DISPLAY=:$n XVFB_PID=$xpid
mkdir -p -m 700 "$tmp/run" "$tmp/config" "$tmp/data" "$tmp/cache" "$tmp/home"
export XDG_RUNTIME_DIR=$tmp/run XDG_CONFIG_HOME=$tmp/config XDG_DATA_HOME=$tmp/data XDG_CACHE_HOME=$tmp/cache HOME=$tmp/home
GTK_SETTINGS_INI=${GTK_SETTINGS_INI-'gtk-enable-animations=0\ngtk-cursor-blink=0\ngtk-font-name=DejaVu Sans 10'}
if [ -n "$GTK_SETTINGS_INI" ]; then mkdir -p "$tmp/config/gtk-4.0"; printf "[Settings]\n%b\n" "$GTK_SETTINGS_INI" >"$tmp/config/gtk-4.0/settings.ini"; fi
export GDK_BACKEND=x11 GSK_RENDERER=${GSK_RENDERER:-cairo} GSETTINGS_BACKEND=${GSETTINGS_BACKEND:-memory}
export GTK_A11Y=${GTK_A11Y:-atspi} GTK_USE_PORTAL=0 GIO_USE_VFS=local GVFS_DISABLE_FUSE=1 NO_AT_BRIDGE=0
export LC_ALL=${LC_ALL:-C.UTF-8} GDK_SCALE=${GDK_SCALE:-1} LIBGL_ALWAYS_SOFTWARE=1 GDK_DEBUG=${GDK_DEBUG-gl-disable}
unset WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
# The bus daemons print on stdout/stderr (SpiRegistry..., fd limit...): give those a log, the command keeps ours (TAP stays clean)
exec 3>&1 4>&2
cmd='exec "$@" >&3 2>&4 3>&- 4>&-'
if [ -n "$WM" ]; then cmd='NO_AT_BRIDGE=1 GTK_A11Y=none $WM 3>&- 4>&- & w=$!; "$@" >&3 2>&4 3>&- 4>&-; rc=$?; kill $w 2>/dev/null; wait $w 2>/dev/null; exit $rc'; export WM; fi
set -m    # own process group, so that a signal to this script ends the program too
dbus-run-session -- bash -c "$cmd" -- "$@" >"$tmp/bus.log" 2>&1 &
bus=$!; set +m
rc=0; wait "$bus" || rc=$?
bus=; exit $rc

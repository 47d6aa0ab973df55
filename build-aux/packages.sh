# Installs the Debian packages of the named groups; sourced by build-aux/run and build-aux/test.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2154

# packages_of GROUP…: the names in those groups of build-aux/debian-packages
packages_of () {
  awk -v groups=" $* " '
    /^# group:/ { inside = index (groups, " " $3 " ") > 0; next }
    /^#/ || NF == 0 { next }
    inside { print $1 }' "$top/build-aux/debian-packages"
}

# npm comes with some builds of nodejs, and Debian's package of that name then conflicts with them
has_package () {
  case $1 in
  npm) command -v npm > /dev/null ;;
  *) dpkg-query -W -f '${Status}' "$1" 2> /dev/null | grep -q '^install ok installed$' ;;
  esac
}

# install_packages GROUP…: does nothing where all of them are there
install_packages () {
  missing=
  for package in $(packages_of "$@"); do
    has_package "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0

  command -v apt-get > /dev/null || {
    echo "This is not a Debian system; please install what matches:$missing" >&2
    return 1
  }
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || {
      echo "Packages are missing and there is no sudo; please run as root: apt-get install$missing" >&2
      return 1
    }
    as_root=sudo
  fi
  echo "Installing:$missing"
  $as_root apt-get -qq update
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}

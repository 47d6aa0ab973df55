#!/bin/sh
# The installed face of the kernel library: header alone in C and C++, pkg-config, symbols, dependencies, example.
# SPDX-License-Identifier: BSD-2-Clause
# usage: check_library.sh SOURCE_ROOT BUILD_ROOT LIBRARY
set -eu
root=$1 build=$2 library=$3
source=$root/kernels
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

echo '#include <bsk.h>' >"$dir/alone.c"
cp "$dir/alone.c" "$dir/alone.cc"
cc -std=c99 -pedantic -Wall -Wextra -Werror -I"$source" -c "$dir/alone.c" -o "$dir/alone.o"
if command -v c++ >/dev/null; then
  c++ -std=c++11 -pedantic -Wall -Wextra -Werror -I"$source" -c "$dir/alone.cc" -o "$dir/alone.o"
fi

export PKG_CONFIG_PATH="$build/meson-uninstalled"
cc -std=c11 -Wall -Wextra -Werror "$root/tests/kernels/example/linear.c" -o "$dir/linear" \
  $(pkg-config --cflags --libs bitstair-kernels-uninstalled) -lm
# A sanitized library wants its runtime first, also in a program that is not sanitized.
preload=
if readelf -d "$library" | grep -q libasan; then preload=$(cc -print-file-name=libasan.so); fi
LD_PRELOAD=$preload LD_LIBRARY_PATH=$(dirname "$library") "$dir/linear"

# Everything exported is public and carries the version; everything declared is exported.
readelf -W --dyn-syms "$library" | awk '$7 != "UND" && $5 == "GLOBAL" && $4 == "FUNC" { print $8 }' | sort >"$dir/exported"
if grep -v '^bsk_[a-z0-9_]*@@BSK_0$' "$dir/exported"; then
  echo "exported, but not public or without a version" >&2
  exit 1
fi
grep -ohE '\bbsk_[a-z0-9_]+ \(' "$source/bsk.h" | tr -d ' (' | sort -u >"$dir/named"
sed 's/@.*//' "$dir/exported" | sort -u >"$dir/plain"
if comm -13 "$dir/named" "$dir/plain" | grep .; then
  echo "exported, but not in bsk.h" >&2
  exit 1
fi
awk '/^BSK_API/ { inside = 1 } inside { text = text " " $0 } inside && /;/ { print text; text = ""; inside = 0 }' "$source/bsk.h" |
  grep -oE 'bsk_[a-z0-9_]+ \(' | tr -d ' (' | sort -u >"$dir/declared"
test "$(wc -l <"$dir/declared")" -ge 30
if comm -23 "$dir/declared" "$dir/plain" | grep .; then
  echo "declared in bsk.h, but not exported" >&2
  exit 1
fi
# libc and libm only (sanitizer builds add theirs).
if readelf -d "$library" | grep NEEDED | grep -vE 'lib(c|m|asan|ubsan|gcc_s)\.so|ld-linux'; then
  echo "depends on more than libc and libm" >&2
  exit 1
fi
echo "$(wc -l <"$dir/exported") functions"

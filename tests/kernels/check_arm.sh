#!/bin/sh
# Compiles the kernels and their checks for 64-bit ARM and runs every level there is under qemu-user.
# SPDX-License-Identifier: BSD-2-Clause
# usage: check_arm.sh SOURCE_ROOT
set -eu
root=$1
if ! command -v aarch64-linux-gnu-gcc >/dev/null || ! command -v qemu-aarch64-static >/dev/null; then
  echo "SKIPPED: needs gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user-static"
  exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$root/kernels"
cc="aarch64-linux-gnu-gcc -O2 -std=gnu11 -D_GNU_SOURCE -DBSK_ARM -ffp-contract=off -fno-math-errno -I. -Ibench"
for source in *.c ref/*.c bench/*.c "$root"/tests/kernels/*.c; do
  $cc -c "$source" -o "$dir/$(echo "$source" | tr / - | tr -d .)o.o"
done
$cc -c arm/neon.c -o "$dir/neon.o"
$cc -march=armv8.2-a+dotprod -DBSK_DOTPROD_LEVEL -c arm/neon.c -o "$dir/dotprod.o"
$cc -march=armv8.2-a+dotprod+i8mm -DBSK_I8MM_LEVEL -c arm/neon.c -o "$dir/i8mm.o"
aarch64-linux-gnu-gcc -static "$dir"/*.o -lm -o "$dir/check_kernels"
for level in ref neon dotprod i8mm; do
  BSK_CPU=$level qemu-aarch64-static -cpu max "$dir/check_kernels"
done

"""Bench: bench_quant beside NumPy on the same machine in the same run: bench_quant.py BENCH [MI_ELEMENTS]
SPDX-License-Identifier: GPL-3.0-or-later"""
import json
import subprocess
import sys
import time

import numpy as np


def numpy_error(x, qmax):
    """Symmetric integers, scale from the largest magnitude, and the error: as one writes it in NumPy."""
    scale = np.float32(np.abs(x).max() / qmax)
    y = np.clip(np.rint(x / scale), -qmax, qmax) * scale
    e = y - x
    return float((e * e).sum()), float((x * x).sum()), float(np.abs(e).max())


def main():
    size = sys.argv[2] if len(sys.argv) > 2 else "64"
    rows = [json.loads(line) for line in subprocess.check_output([sys.argv[1], size], text=True).splitlines()]
    x = np.random.default_rng(1).standard_normal(int(size) << 20, dtype=np.float32)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        numpy_error(x, 127)
        best = min(best, time.perf_counter() - start)
    baseline = x.size / best / 1e6
    print(f"{'NumPy, int8 and error':28} {baseline:9.0f} Melements/s")
    for row in rows:
        if "melements_per_s" in row:
            rate = row["melements_per_s"]
            print(f"{row['what']:28} {rate:9.0f} Melements/s  {rate / baseline:6.1f} x NumPy  "
                  f"{row['share_of_read']:5.2f} of reading")
        else:
            print(row)


main()

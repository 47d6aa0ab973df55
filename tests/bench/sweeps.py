#!/usr/bin/python3
"""Bench of sweeps, scans and searches against the PyTorch script of the development corpus, in one run on one machine.
SPDX-License-Identifier: GPL-3.0-or-later

    tests/bench/sweeps.py [--quick] [build folder]

Wall-clock time on a machine that does other work says little: each row also gives the ratio of processor time, which other
work disturbs less. Debian's python3-torch runs the baseline; without it only our own figures are printed."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(SOURCE, "data", "examples")
SHARED = os.environ.get("BITSTAIR_SHARED", os.path.join(SOURCE, "..", "shared"))
THREADS = 2  # the targets are stated for two


class Run:
    """One finished process: wall time, processor time, peak memory in MiB, output."""

    def __init__(self, command, **options):
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
        self.out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}")
        self.wall = time.monotonic() - start
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss / 1024


class Bench:
    def __init__(self, build, quick):
        self.cli = os.path.join(build, "src", "cli", "bitstair-cli")
        self.quick = quick
        self.folder = tempfile.mkdtemp(prefix="bitstair-bench-")
        self.n = 0

    def ours(self, command, model, data, *options, threads=THREADS):
        """A command on an empty database; the document and the Run."""
        self.n += 1
        db = os.path.join(self.folder, f"{self.n}.db")
        run = Run([self.cli, "--db", db, "--threads", str(threads), "--json", command,
                   os.path.join(EXAMPLES, model + ".onnx"), "--data", os.path.join(EXAMPLES, data + ".npz"), *options])
        return json.loads(run.out), run

    def with_calibration(self, data):
        """The data with its evaluation samples to calibrate with, too: there are more of them."""
        arrays = dict(np.load(os.path.join(EXAMPLES, data + ".npz")))
        path = os.path.join(self.folder, "calibration")  # absolute, so that joining it to EXAMPLES leaves it as it is
        np.savez_compressed(path + ".npz", x_train=arrays["x_test"], x_test=arrays["x_test"], y_test=arrays["y_test"])
        return path

    def last_results(self):
        """All that the last command stored."""
        return json.loads(Run([self.cli, "--db", os.path.join(self.folder, f"{self.n}.db"), "--json", "results"]).out)["results"]

    def start(self, command, model, data, *options, **popen):
        self.n += 1
        return subprocess.Popen([self.cli, "--db", os.path.join(self.folder, f"{self.n}.db"), "--threads", str(THREADS), "--json",
                                 command, os.path.join(EXAMPLES, model + ".onnx"), "--data",
                                 os.path.join(EXAMPLES, data + ".npz"), *options], stdout=subprocess.DEVNULL, **popen)

    def cancel(self, model, data, *options, after):
        """Seconds from the interrupt to the end of a sweep that has run for a while."""
        process = self.start("sweep", model, data, *options, stderr=subprocess.DEVNULL)
        time.sleep(after)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait()
        return time.monotonic() - start

    def estimate(self, model, data, *options):
        """By what factor the time left, as shown on a terminal after a tenth of the sweep, was wrong."""
        ours, theirs = pty.openpty()
        process = self.start("sweep", model, data, *options, stderr=theirs)
        os.close(theirs)
        text, told = "", None
        try:
            while chunk := os.read(ours, 4096).decode(errors="replace"):
                text = (text + chunk)[-4096:]
                shown = re.findall(r"(\d+) \S+ (\d+) · [\d.]+/s · ([\d.]+) s", text)
                if told is None and shown and 10 * int(shown[-1][0]) >= int(shown[-1][1]):
                    told = float(shown[-1][2]), time.monotonic()
        except OSError:  # the other end is closed
            pass
        process.wait()
        os.close(ours)
        left = time.monotonic() - told[1]
        return max(told[0] / left, left / max(told[0], 0.05))

    def torch(self, model, *options, others_int8=False):
        """Configurations per second and per processor second of the baseline's grid and scan; None without PyTorch. Its scan
        leaves the other layers in float, which is less work for it, unless others_int8."""
        script = os.path.join(SHARED, "corpus", "baseline", "torch_sweep.py")
        scan_in_float = "o.on=False\n        t="
        execute = ("import sys; f = sys.argv[1]; del sys.argv[0]; text = open(f).read(); assert %r in text; "
                   "exec(text.replace(%r, %r), {'__name__': '__main__', '__file__': f})")
        change = scan_in_float, scan_in_float, scan_in_float.replace("False", str(others_int8))
        if subprocess.run(["/usr/bin/python3", "-c", "import torch"], stderr=subprocess.DEVNULL).returncode != 0:
            print("python3-torch is not installed: no baseline")
            return None
        if not os.path.exists(script):
            print(f"{script} is not here: no baseline")
            return None
        run = Run(["/usr/bin/python3", "-c", execute % change, script, model, *options])
        rates = {}
        for kind in ("SWEEP", "SENSITIVITY"):
            found = re.search(kind + r" (\d+) configs in ([\d.]+)s", run.out)
            if found:
                rates[kind] = int(found[1]) / float(found[2])
        rates["busy"] = run.cpu / run.wall  # processors it had on average
        return rates


def row(what, ours, per_cpu, baseline, kind, target):
    """One line: configurations a second, and the ratio to the baseline by wall and by processor time."""
    text = f"{what:58} {ours:8.2f}/s"
    if baseline and kind in baseline:
        wall = ours / baseline[kind]
        cpu = per_cpu / (baseline[kind] / baseline["busy"])
        text += f"  wall × {wall:6.1f}  processor × {cpu:6.1f}  target × {target}"
    print(text, flush=True)


def rate(count, run, idle):
    """Configurations per wall and per processor second, without what reading and the float run cost."""
    return count / max(run.wall - idle.wall, 1e-3), count / max(run.cpu - idle.cpu, 1e-3)


def main():
    quick = "--quick" in sys.argv
    rest = [a for a in sys.argv[1:] if not a.startswith("--")]
    bench = Bench(rest[0] if rest else os.path.join(SOURCE, "build"), quick)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f} before the start{'; quick' if quick else ''}")
    baseline = None if quick else bench.torch("fashion_mobilenet", "--sens")
    net, data = "fashion_mobilenet", "fashion"

    _, idle = bench.ours("evaluate", net, data)
    grid, run = bench.ours("sweep", net, data, "--weights", "int2..int8", "--acts", "uint8", "--scope", "model,tensor,channel")
    row("grid 21 × 10,000 images, mobilenet", *rate(grid["configurations"], run, idle), baseline, "SWEEP", 12)
    level = grid["results"][0]["level"]
    macs = sum(layer["macs"] for layer in json.loads(
        Run([bench.cli, "--json", "inspect", os.path.join(EXAMPLES, net + ".onnx")]).out)["layers"])
    gops = 2 * macs * 10000 * grid["configurations"] / max(run.cpu - idle.cpu, 1e-3) / 1e9
    print(f"{'  that is, on one core':58} {gops:8.1f} Gop/s on integers ({level})")
    _, alone = bench.ours("sweep", net, data, "--weights", "int2..int8", "--acts", "uint8", "--scope", "channel", threads=1)
    _, both = bench.ours("sweep", net, data, "--weights", "int2..int8", "--acts", "uint8", "--scope", "channel")
    print(f"{'two threads against one':58} × {alone.wall / both.wall:.2f}  target × 1.8")

    axes = ("--weights", "int2..int8", "--acts", "uint8", "--scope", "model,tensor,channel")
    raced, run = bench.ours("sweep", net, data, *axes, "--race")
    row("the same grid, racing", *rate(raced["configurations"], run, idle), baseline, "SWEEP", 30)
    fronts = [[(r["key"], r["value"]) for r in document["results"] if r["pareto"]] for document in (grid, raced)]
    samples = sum(r["samples"] for r in raced["results"]) / sum(r["samples"] for r in grid["results"])
    print(f"{'  frontier of the whole grid':58} {'the same' if sorted(fronts[0]) == sorted(fronts[1]) else 'DIFFERENT'}, "
          f"from {100 * samples:.0f} % of the samples")
    print(f"{'interrupt to end, the longest of 6':58} {max(bench.cancel(net, data, *axes, after=0.6 + 0.13 * i) for i in range(6)):8.3f} s"
          "  target 0.3 s")

    scan = ("--weights", "int2..int8", "--scope", "tensor,channel", "--limit", "2000")
    _, idle = bench.ours("evaluate", net, data, "--limit", "2000")
    document, run = bench.ours("sensitivity", net, data, *scan, "--acts", "uint8", "--others", "int8:channel")
    row("scan 14 × 14 × 2,000 images, others int8", *rate(196, run, idle), baseline, "SENSITIVITY", 20)
    uniform = {option["key"] for option in document["all"]} - {document["base"]["key"]}
    seconds = sum(r["seconds"] for r in bench.last_results() if r["key"] in uniform)
    run.wall, run.cpu = run.wall - seconds, run.cpu - THREADS * seconds
    row("  of it single layers, which is all that the baseline scans", *rate(196, run, idle), baseline, "SENSITIVITY", 20)
    if not quick:
        like = bench.torch(net, "--sens", others_int8=True)
        row("  these against the baseline with the others at int8, too", *rate(196, run, idle), like, "SENSITIVITY", 20)
    if not quick:
        _, run = bench.ours("sensitivity", net, data, *scan)
        row("scan 14 × 14 × 2,000 images, others float", *rate(196, run, idle), baseline, "SENSITIVITY", 5)

    first, run = bench.ours("sweep", "mnist_lenet_bn", "mnist10k", "--weights", "int2,int8", "--acts", "uint8", "--scope",
                            "tensor,channel")
    print(f"{'first frontier of LeNet, corners of the plan':58} {run.wall:8.2f} s  target 2 s")
    whole, run = bench.ours("sweep", "mnist_lenet_bn", "mnist10k", "--weights", "int2..int8", "--acts",
                            "float,uint8,uint6,uint4", "--scope", "model,tensor,channel")
    print(f"{'grid of ' + str(whole['configurations']) + ' of LeNet':58} {run.wall:8.2f} s  target 15 s")

    factor = bench.estimate("mnist_lenet_bn", "mnist10k", "--weights", "int2..int8", "--acts", "float,uint8,uint6,uint4", "--scope",
                            "model,tensor,channel")
    print(f"{'time left told after a tenth of that grid, off by':58} × {factor:.2f}  target × 1.5")

    for model, samples in (("mnist_lenet_bn", "mnist10k"), (net, data)):
        uniform, _ = bench.ours("evaluate", model, samples, "--weights", "int4:channel", "--acts", "uint8")
        found, run = bench.ours("search", model, samples, "--weights", "int2..int8", "--scope", "channel", "--acts", "uint8",
                                "--mean-bits", "4")
        print(f"{'search at mean 4 bits, ' + model:58} {run.wall:8.2f} s: {100 * found['value']:.2f} % in "
              f"{found['weight_bytes']} B; int4 {100 * uniform['value']:.2f} % in {uniform['weight_bytes']} B; "
              f"choice solved in {1e3 * found['solve_seconds']:.2f} ms")
        if quick:
            continue
        n = 10 * len(bench.last_results())
        longer, run = bench.ours("search", model, samples, "--weights", "int2..int8", "--scope", "channel", "--acts", "uint8",
                                 "--mean-bits", "4", "--random", str(n))
        best = longer["baselines"]["random"]
        print(f"{'  ' + str(n) + ' random choices under the same budget':58} {run.wall:8.2f} s: {100 * best['value']:.2f} % in "
              f"{best['weight_bytes']} B; target: ours at most 0.3 points below, {100 * (found['value'] - best['value']):+.2f}")

    many = bench.with_calibration(data)
    peaks = [bench.ours("evaluate", net, many, "--weights", "int8:channel", "--acts", "uint8", "--calibration", str(n))[1].peak
             for n in (100, 10000)]
    print(f"{'peak memory, 100 and 10,000 samples of calibration':58} {peaks[0]:.0f} and {peaks[1]:.0f} MiB: "
          f"× {peaks[1] / peaks[0]:.3f}  target × 1.1")
    print(f"load {os.getloadavg()[0]:.1f} at the end; databases in {bench.folder}")


if __name__ == "__main__":
    main()

"""Tests of the commands that measure: evaluate, sweep, results, compare, plot, export, inspect, run.
SPDX-License-Identifier: GPL-3.0-or-later"""
import json
import os
import resource
import sqlite3
import subprocess

import bitstair
import numpy as np
from bitstair import DIGITS, MNIST, RESCALED

GRID = ["--weights", "int2..int8", "--acts", "uint8", "--scope", "model,tensor,channel"]
RESULT = "key weights acts value agreement weight_bytes output_sqnr_db pareto"
TIMES = ("seconds", "finished_at", "created_at", "latency_ms", "study", "studies", "measured", "float")


def without_times(document):
    """What must not depend on the run: everything but durations and dates."""
    if isinstance(document, dict):
        return {k: without_times(v) for k, v in document.items() if k not in TIMES}
    if isinstance(document, list):
        return [without_times(v) for v in document]
    return document


class Evaluate(bitstair.TestCase):
    def test_float(self):
        predictions = self.path("p.npy")
        document = self.json("evaluate", DIGITS.model, *DIGITS.data, "--predictions", predictions)
        self.assert_members(document, "metric value n correct ci95 agreement output_sqnr_db weight_bytes float_bytes "
                                      "integer_share level seconds layers")
        self.assertEqual((document["metric"], document["n"], document["correct"]), ("top1", 500, 468))
        self.assertEqual(document["value"], 468 / 500)
        self.assertEqual(document["agreement"], 1)
        self.assertEqual(document["weight_bytes"], document["float_bytes"])
        self.assertEqual(document["float_bytes"], 6570 * 4)
        self.assertEqual(document["integer_share"], 0)
        self.assertLess(document["ci95"][0], document["value"])
        self.assertGreater(document["ci95"][1], document["value"])
        classes = np.load(predictions)
        self.assertEqual(classes.dtype, np.int32)
        self.assertEqual((classes == np.load(DIGITS.data_path)["y_test"]).sum(), 468)

    def test_integers(self):
        document = self.json("evaluate", DIGITS.model, *DIGITS.data, "--weights", "int8:channel", "--acts", "uint8")
        self.assertEqual(document["integer_share"], 1)
        self.assertFalse(document["simulated"])
        self.assertLessEqual(abs(document["value"] - 0.936), 0.005)
        self.assertGreater(document["agreement"], 0.98)
        self.assertLess(document["weight_bytes"], document["float_bytes"] * 0.4)
        self.assertEqual(len(document["layers"]), 3)
        for layer in document["layers"]:
            self.assert_members(layer, "name local_sqnr_db accumulated_sqnr_db cosine max_abs saturated_share")
            self.assertGreater(layer["local_sqnr_db"], 25)
            self.assertEqual(layer["weights"], "int8:channel")

    def test_zero_points_of_weights(self):
        document = self.json("evaluate", MNIST.model, *MNIST.data, "--limit", "200", "--weights", "int4:affine", "--acts", "uint8")
        self.assertEqual(document["integer_share"], 1)
        self.assertFalse(document["simulated"])

    def test_simulated_says_so(self):
        document = self.json("evaluate", DIGITS.model, *DIGITS.data, "--weights", "int4", "--acts", "float")
        self.assertLess(document["integer_share"], 1)
        out, _ = self.call("evaluate", DIGITS.model, *DIGITS.data, "--weights", "int4")
        self.assertIn("simulated", out) if document["simulated"] else self.assertNotIn("simulated", out)

    def test_configuration_file(self):
        config = {"bitstair": 1, "weights": "int8:channel", "acts": "uint8",
                  "layers": {self.layers()[0]: {"weights": "int2", "acts": "float"}}}
        with open(self.path("c.json"), "w") as file:
            json.dump(config, file)
        document = self.json("evaluate", DIGITS.model, *DIGITS.data, "--config", self.path("c.json"))
        self.assertEqual([layer["weights"] for layer in document["layers"]], ["int2", "int8:channel", "int8:channel"])
        config["layers"] = {"nowhere": {"weights": "int2"}}
        with open(self.path("c.json"), "w") as file:
            json.dump(config, file)
        self.refuse(1, ["nowhere"], "evaluate", DIGITS.model, *DIGITS.data, "--config", self.path("c.json"))
        with open(self.path("c.json"), "w") as file:
            file.write('{"bitstair": 1, ')
        self.refuse(1, ["c.json"], "evaluate", DIGITS.model, *DIGITS.data, "--config", self.path("c.json"))
        self.refuse(2, ["--config"], "evaluate", DIGITS.model, *DIGITS.data, "--config", "c.json", "--weights", "int8")

    def layers(self):
        return [layer["name"] for layer in self.json("inspect", DIGITS.model)["layers"]]

    def test_without_labels(self):
        np.savez(self.path("x.npz"), x=np.load(DIGITS.data_path)["x_test"])
        document = self.json("evaluate", DIGITS.model, "--data", self.path("x.npz"), "--scale", "1/16",
                             "--weights", "int4", "--acts", "uint8")
        self.assertEqual(document["metric"], "none")
        self.assertIsNone(document["value"])
        self.assertGreater(document["agreement"], 0.8)
        document = self.json("evaluate", DIGITS.model, "--data", "synthetic:64", "--weights", "int8", "--acts", "uint8")
        self.assertEqual((document["metric"], document["n"]), ("none", 64))

    def test_limit(self):
        self.assertEqual(self.json("evaluate", DIGITS.model, *DIGITS.data, "--limit", "37")["n"], 37)


class DatabaseTestCase(bitstair.TestCase):
    def rows(self, sql="SELECT key FROM result WHERE NOT is_float ORDER BY id"):
        with sqlite3.connect(f"file:{self.db}?mode=ro", uri=True) as db:
            return [row if len(row) > 1 else row[0] for row in db.execute(sql)]

    def assert_integrity(self):
        self.assertEqual(self.rows("PRAGMA integrity_check"), ["ok"])
        keys = self.rows("SELECT study || key FROM result")
        self.assertEqual(len(keys), len(set(keys)))


class Sweep(DatabaseTestCase):
    def test_grid_is_stored_and_resumed(self):
        first = self.json("sweep", DIGITS.model, *DIGITS.data, *GRID)
        self.assert_members(first, "study configurations done seconds results")
        self.assertEqual((first["configurations"], first["done"], first["measured"]), (21, 21, 21))
        self.assertEqual(len({result["key"] for result in first["results"]}), 21)
        for result in first["results"]:
            self.assert_members(result, RESULT)
            self.assertEqual(result["integer_share"], 1)
        self.assertEqual(len(self.rows()), 21)
        ids = self.rows("SELECT id, key, finished_at FROM result ORDER BY id")

        second = self.json("sweep", DIGITS.model, *DIGITS.data, *GRID)
        self.assertEqual((second["done"], second["measured"]), (21, 0))
        self.assertEqual(self.rows("SELECT id, key, finished_at FROM result ORDER BY id"), ids)
        by_key = {result["key"]: without_times(result) for result in first["results"]}
        for result in second["results"]:
            self.assertEqual(without_times(result), by_key[result["key"]])
        wider = self.json("sweep", DIGITS.model, *DIGITS.data, "--weights", "int2..int8", "--acts", "uint8,uint7")
        self.assertEqual((wider["done"], wider["measured"], wider["study"]), (14, 7, first["study"]))
        self.assert_integrity()

        stored = self.json("results", str(first["study"]))
        self.assert_members(stored, "study configurations done seconds results")
        self.assertEqual(len(stored["results"]), 28)
        best = self.json("results", "--pareto")["results"]
        self.assertTrue(best and all(result["pareto"] for result in best))
        for a in best:  # nothing is both smaller and better
            self.assertFalse(any(b["weight_bytes"] < a["weight_bytes"] and b["value"] >= a["value"]
                                 for b in stored["results"]), a["label"])

    def test_threads_do_not_change_numbers(self):
        documents = []
        for threads in ("1", "2", "3"):
            self.db = self.path(f"threads{threads}.db")
            self.json("--threads", threads, "sweep", MNIST.model, *MNIST.data, "--limit", "500", "--weights", "int8,int4,int3",
                      "--acts", "uint8", "--scope", "tensor,channel")
            layers = self.rows("SELECT l.* FROM layer l JOIN result r ON r.id = l.result ORDER BY r.key, l.position")
            documents.append((without_times(self.json("results")), [row[1:] for row in layers]))
        self.assertEqual(documents[0], documents[1])
        self.assertEqual(documents[0], documents[2])

    def test_shards_join_to_the_whole(self):
        self.json("sweep", DIGITS.model, *DIGITS.data, *GRID)
        whole = {r["key"]: without_times(r) for r in self.json("results")["results"]}
        parts = []
        for shard in ("1/3", "2/3", "3/3"):
            self.db = self.path(shard.replace("/", "of") + ".db")
            parts.append(self.db)
            self.assertEqual(self.json("sweep", DIGITS.model, *DIGITS.data, *GRID, "--shard", shard)["done"], 7)
        self.db = self.path("all.db")
        self.assertEqual(self.json("merge", self.db, *parts)["added"], 21)
        self.assertEqual({r["key"]: without_times(r) for r in self.json("results")["results"]}, whole)
        self.assertEqual(self.json("merge", self.db, parts[0])["added"], 0)
        self.assert_integrity()

    def test_cache_does_not_change_numbers(self):
        documents = []
        for size in ("0", "1.5M", "2g"):
            self.db = self.path(f"cache{size}.db")
            documents.append(without_times(self.json("--cache", size, "sweep", DIGITS.model, *DIGITS.data, *GRID)))
        self.assertEqual(documents[0], documents[1])
        self.assertEqual(documents[0], documents[2])
        for size in ("lots", "-1", "1%"):
            self.refuse(2, ["--cache", size], "--cache=" + size, "sweep", DIGITS.model, *DIGITS.data, *GRID)

    def test_time_box(self):
        document = self.json("sweep", DIGITS.model, *DIGITS.data, *GRID, "--time", "0.001s")
        self.assertLess(document["done"], 21)
        self.assertTrue(document["interrupted"])

    def test_race(self):
        """The frontier of the whole grid from fewer samples; what was given up is marked, and completed without --race."""
        base = ["sweep", MNIST.model, *MNIST.data, *GRID, "--corrections", "none", "--limit", "1000"]
        whole = self.json(*base)
        finished = {r["key"]: without_times(r) for r in whole["results"]}
        self.assertEqual({r["samples"] for r in whole["results"]}, {1000})
        self.assertEqual(whole["stopped_early"], 0)
        documents = []
        for threads in ("1", "2"):
            self.db = self.path(f"race{threads}.db")
            documents.append(self.json("--threads", threads, *base, "--race"))
        self.assertEqual(*map(without_times, documents))
        raced = documents[0]
        stopped = [r for r in raced["results"] if r["stopped_early"]]
        self.assertEqual(len(stopped), raced["stopped_early"])
        self.assertGreaterEqual(len(stopped), 1)
        for result in stopped:
            self.assertIn(result["samples"], (256, 512))
            self.assertEqual(result["n"], result["samples"])
            self.assertFalse(result["pareto"])
            self.assertLess(result["value"], result["ci95"][1])
        for result in raced["results"]:
            if not result["stopped_early"]:
                self.assertEqual(without_times(result), finished[result["key"]])
        front = [r["key"] for r in raced["results"] if r["pareto"]]
        self.assertEqual(set(front), {r["key"] for r in whole["results"] if r["pareto"]})
        self.assertEqual(self.json(*base, "--race")["measured"], 0)

        key = stopped[0]["key"]
        out, _ = self.call("results")
        self.assertEqual(out.count("stopped early"), len(stopped))
        self.call("report", "1", "-o", self.path("r.html"))
        with open(self.path("r.html"), encoding="utf-8") as file:
            page = file.read()
        self.assertEqual(page.count(", stopped early"), len(stopped))  # the rows of the table
        self.assertIn(f", {len(stopped)} stopped early", page)  # the plot's sentence
        self.assertTrue(self.json("compare", key, front[0])["results"][0]["stopped_early"])
        exported = self.json("export", key, "--model", MNIST.model, "--to", "config", "-o", self.path("c.json"))
        self.assertIn("stopped early", " ".join(exported["warnings"]))
        joined, self.db = self.db, self.path("joined.db")
        self.json("merge", self.db, joined)
        self.assertEqual(without_times(self.json("results")["results"]), without_times(raced["results"]))

        completed = self.json(*base)
        self.assertEqual((completed["measured"], completed["stopped_early"]), (len(stopped), 0))
        self.assertEqual({r["key"]: without_times(r) for r in completed["results"]}, finished)
        self.assertEqual(len(self.rows()), 21)
        self.assert_integrity()

    def test_latency(self):
        """Measured only when asked for; what is stored without is completed, and stays."""
        base = ["sweep", DIGITS.model, *DIGITS.data, "--weights", "int4,int8", "--acts", "uint8"]
        plain = self.json(*base)
        self.assertEqual({r["latency_ms"] for r in plain["results"]}, {None})
        self.refuse(1, ["--latency"], "plot", "trade-off", "1", "-x", "latency", "-o", self.path("p.svg"))
        timed = self.json(*base, "--latency")
        self.assertEqual(timed["measured"], 2)
        self.assertEqual(without_times(timed["results"]), without_times(
            [{**r, "machine": timed["results"][0]["machine"]} for r in plain["results"]]))
        again = self.json(*base, "--latency")
        self.assertEqual((again["measured"], again["results"]), (0, timed["results"]))
        self.assertEqual(self.json(*base)["results"], timed["results"])
        for result in [*timed["results"], self.json("results")["float"]]:
            self.assertGreater(result["latency_ms"], 0)
        self.assertEqual(len(self.rows()), 2)
        for cost, says in {"latency": " ms", "bit-ops": "bit operations", "traffic": "iB", "bytes": "iB"}.items():
            document = self.json("plot", "trade-off", "1", "-x", cost, "-o", self.path("p.svg"))
            self.assertIn(says, document["description"])
        self.refuse(2, ["-x"], "plot", "trade-off", "1", "-x", "weight", "-o", self.path("p.svg"))
        one = self.json("evaluate", DIGITS.model, *DIGITS.data, "--weights", "int3", "--acts", "uint8", "--latency")
        self.assertGreater(one["latency_ms"], 0)
        for layer in one["layers"]:
            self.assertEqual(layer["bit_ops"], layer["macs"] * 3 * 8)
            self.assertGreaterEqual(layer["latency_ms"], 0)

    def test_coarse_to_fine(self):
        document = self.json("sweep", DIGITS.model, *DIGITS.data, "--weights", "int2..int8", "--acts", "uint8")
        self.assertEqual({r["weights"] for r in document["results"][:2]}, {"int2", "int8"})

    def test_corrections_and_what_they_gain(self):
        document = self.json("sweep", RESCALED.model, *RESCALED.data, "--weights", "int8", "--acts", "uint8",
                             "--corrections", "none,equalize,bias")
        self.assertEqual([gain["correction"] for gain in document["gains"]], ["equalize", "bias"])
        gain = document["gains"][0]
        self.assert_members(gain, "pairs better worse mean_quality mean_sqnr_db with without significant")
        values = {result["key"]: result["value"] for result in document["results"]}
        self.assertAlmostEqual(gain["best_quality"], values[gain["with"]] - values[gain["without"]])
        self.assertGreater(gain["best_quality"], 0.7)
        self.assertTrue(gain["significant"])
        self.assertEqual(self.json("results")["gains"], document["gains"])
        self.assertIn("equalize: +", self.call("results")[0])
        self.json("report", "1", "-o", self.path("report.html"))
        with open(self.path("report.html"), encoding="utf-8") as file:
            page = file.read()
        self.assertIn("What Corrections Gained", page)
        self.assertIn("What Hurts in the Weights", page)

    def test_wrong_usage(self):
        base = ["sweep", DIGITS.model, *DIGITS.data]
        self.refuse(2, ["--weights"], *base)
        self.refuse(2, ["--data"], "sweep", DIGITS.model, "--weights", "int8")
        self.refuse(2, ["int2...int8"], *base, "--weights", "int2...int8")
        self.refuse(2, ["galaxy"], *base, "--weights", "int8", "--scope", "galaxy")
        self.refuse(2, ["--time"], *base, "--weights", "int8", "--time", "soon")
        self.refuse(2, ["--shard"], *base, "--weights", "int8", "--shard", "3/2")
        self.refuse(2, ["--scale"], "sweep", DIGITS.model, "--data", DIGITS.data_path, "--scale", "x", "--weights", "int8")

    def test_disk_full(self):
        """A file that may not grow: one sentence, everything before it is kept."""
        self.json("sweep", DIGITS.model, *DIGITS.data, "--weights", "int8", "--acts", "uint8")
        limit = os.path.getsize(self.db) + 65536

        def limit_size():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        with self.start("--json", "sweep", DIGITS.model, *DIGITS.data, "--weights", "int2..int16", "--acts",
                        "uint8,uint7,uint6", "--scope", "tensor,channel,model", preexec_fn=limit_size) as process:
            _, err = process.communicate(timeout=bitstair.TIMEOUT)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn(self.db, err)
        self.assertGreater(len(self.rows()), 1)
        self.assert_integrity()


class Interrupted(DatabaseTestCase):
    """Sweeps stopped in the middle."""

    command = ["sweep", MNIST.model, *MNIST.data, *GRID]
    total = 21

    def stop(self, number):
        process = self.start("--json", *self.command)
        reached = False
        while not reached and process.poll() is None:
            try:
                reached = len(self.rows()) >= 3
            except sqlite3.Error:  # not made yet
                pass
        out, err = self.interrupt(process, number)
        self.assertTrue(reached, err)
        return process.returncode, out, err

    def finish(self):
        before = self.rows("SELECT id, key, finished_at FROM result ORDER BY id")
        stored = len(self.rows())
        self.assertGreaterEqual(stored, 3)
        self.assertLess(stored, self.total, "too fast to be stopped in the middle")
        document = self.json(*self.command)
        self.assertEqual((document["done"], document["measured"]), (self.total, self.total - stored))
        after = self.rows("SELECT id, key, finished_at FROM result ORDER BY id")
        self.assertEqual(after[:len(before)], before)
        self.assertEqual(len(self.rows()), self.total)
        self.assert_integrity()

    def test_control_c(self):
        status, out, err = self.stop(bitstair.signal.SIGINT)
        self.assertEqual(status, 130, err)
        document = json.loads(out)
        self.assertEqual(document["done"], len(self.rows()))
        self.assertIn("Interrupted", err)
        self.finish()

    def test_kill(self):
        status, _, _ = self.stop(bitstair.signal.SIGKILL)
        self.assertEqual(status, -9)
        self.assert_integrity()
        self.finish()


class Sensitivity(bitstair.TestCase):
    def test_members(self):
        names = [layer["name"] for layer in self.json("inspect", DIGITS.model)["layers"]]
        for mode in ("only", "all-but"):
            document = self.json("sensitivity", DIGITS.model, *DIGITS.data, "--weights", "int8,int2", "--mode", mode)
            self.assert_members(document, "layers seconds")
            self.assertEqual([layer["name"] for layer in document["layers"]], names)
            for layer in document["layers"]:
                self.assertEqual([result["spec"] for result in layer["results"]], ["int8", "int2"])
                for result in layer["results"]:
                    self.assert_members(result, "spec value agreement output_sqnr_db")
                wide, narrow = layer["results"]
                self.assertGreater(wide["output_sqnr_db"], narrow["output_sqnr_db"])
        self.refuse(2, ["sideways"], "sensitivity", DIGITS.model, *DIGITS.data, "--weights", "int8", "--mode", "sideways")


class Stored(bitstair.TestCase):
    def setUp(self):
        super().setUp()
        self.sweep = self.json("sweep", DIGITS.model, *DIGITS.data, *GRID)
        self.keys = {result["weights"]: result["key"] for result in self.sweep["results"]}

    def test_plots(self):
        magic = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
        for kind in ("trade-off", "heat-map"):
            for suffix, start in magic.items():
                path = self.path(f"{kind}.{suffix}")
                document = self.json("plot", kind, "1", "-o", path)
                self.assertGreater(len(document["description"]), 20)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(len(start)), start)
        for kind in ("layer-errors", "error-histogram", "weight-histogram"):
            document = self.json("plot", kind, self.keys["int4:channel"][:8], "-o", self.path("x.svg"))
            self.assertGreater(len(document["description"]), 20)
            best = self.json("plot", kind, "1", "-o", self.path("y.svg"))["description"]
            if kind == "weight-histogram":
                self.assertIn(" 0.00 % of values lie outside", document["description"], "min-max clips nothing")
                self.refuse(1, ["zorro"], "plot", kind, self.keys["int4"], "--layer", "zorro", "-o", self.path("y.svg"))
                self.refuse(1, ["mnist_lenet_bn"], "plot", kind, self.keys["int4"], "--model", MNIST.model, "-o", self.path("y.svg"))
                continue
            self.assertIn("int4", document["description"])
            front = [r for r in self.sweep["results"] if r["pareto"]]
            self.assertIn(max(front, key=lambda r: r["value"])["weights"].replace(":", " · "), best)
        again = self.path("again.svg")
        self.json("plot", "trade-off", "1", "-o", again)
        with open(again, "rb") as a, open(self.path("trade-off.svg"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_compare(self):
        document = self.json("compare", self.keys["int4:channel"][:10], self.keys["int8"][:10])
        self.assertEqual([r["weights"] for r in document["results"]], ["int4:channel", "int8"])
        self.assertEqual(len(document["layers"]), 3)
        out, _ = self.call("compare", self.keys["int4:channel"], self.keys["int8"])
        self.assertIn("int4:channel", out)
        self.refuse(1, ["zz"], "compare", "zzzz", self.keys["int8"])

    def test_export_configuration(self):
        path = self.path("c.json")
        document = self.json("export", self.keys["int4:channel"][:8], "--model", DIGITS.model, "--to", "config", "-o", path)
        self.assert_members(document, "target files warnings check")
        self.assertEqual(document["files"], [path])
        again = self.json("evaluate", DIGITS.model, *DIGITS.data, "--config", path)
        stored = next(r for r in self.sweep["results"] if r["weights"] == "int4:channel")
        self.assertEqual(again["key"], stored["key"])
        self.assertEqual(again["value"], stored["value"])

    def test_export_qdq(self):
        path = self.path("q.onnx")
        document = self.json("export", self.keys["int8:channel"], "--model", DIGITS.model, "--to", "onnx-qdq", "-o", path)
        self.assertEqual(document["files"], [path])
        self.assert_members(document["check"], "max_abs_difference agreement")
        with open(path, "rb") as file:
            self.assertIn(b"DequantizeLinear", file.read())

    def test_export_usage(self):
        listed = [target["target"] for target in self.json("export", "--list")["targets"]]
        self.assertIn("onnx-qdq", listed)
        self.assertIn("config", listed)
        self.refuse(2, ["nowhere"], "export", "abcd", "--model", DIGITS.model, "--to", "nowhere", "-o", "x")
        self.refuse(2, ["export"], "export", "abcd")
        self.refuse(1, ["gone.json"], "export", "gone.json", "--model", DIGITS.model, "--to", "config", "-o", "x")

    def test_tables(self):
        out, err = self.call("results")
        self.assertEqual(err, "")
        rows = [line for line in out.splitlines() if "uint8" in line]
        self.assertEqual(len(rows), 21)
        columns = {row.index(" uint8 ") for row in rows}
        self.assertEqual(len(columns), 1, "the columns are aligned")
        self.assertEqual(self.call("--quiet", "results"), ("", ""))


class Models(bitstair.TestCase):
    def test_inspect(self):
        document = self.json("inspect", MNIST.model)
        self.assert_members(document, "format inputs outputs parameters float_bytes layers unsupported")
        self.assertEqual(document["parameters"], 85918)
        self.assertEqual(document["float_bytes"], 85918 * 4)
        self.assertEqual(document["inputs"], [{"name": "input", "type": "float32", "shape": [None, 1, 28, 28]}])
        self.assertEqual(document["unsupported"], [])
        for layer in document["layers"]:
            self.assert_members(layer, "name op weight shape parameters macs traffic_bytes")
            self.assertEqual(layer["bit_ops"], layer["macs"] * 64)  # int8 · uint8, as the findings
        self.assertEqual([layer["macs"] for layer in document["layers"]], [230400, 819200, 61440, 10080, 840])
        out, _ = self.call("inspect", MNIST.model)
        self.assertIn("85918", out)
        self.assertIn("BatchNormalization", out)

    def test_findings(self):
        document = self.json("inspect", MNIST.model, "--weights", "int4", "--acts", "int8", *MNIST.data)
        for finding in document["findings"]:
            self.assert_members(finding, "kind where value bits text cure")
            self.assertIn(finding["where"], finding["text"])
        bits = [finding["bits"] for finding in document["findings"]]
        self.assertEqual(bits, sorted(bits, reverse=True), "worst first")
        # what a ReLU gives is never negative: half of the symmetric codes idle
        idle = [f for f in document["findings"] if f["kind"] == "unused-codes" and f["cure"] == "uint8"]
        self.assertTrue(idle, document["findings"])
        # without data nothing is said about activations, and channels of their own have no spread
        weights = self.json("inspect", MNIST.model, "--weights", "int4:channel")["findings"]
        layers = {layer["name"] for layer in document["layers"]}
        self.assertLessEqual({f["where"] for f in weights}, layers)
        self.assertNotIn("channel-spread", {f["kind"] for f in weights})
        self.refuse(2, ["no-such"], "inspect", MNIST.model, "--weights", "no-such")
        out, _ = self.call("inspect", MNIST.model, "--weights", "int4", "--acts", "int8", *MNIST.data)
        self.assertIn("Try uint8.", out)

    def test_run(self):
        x = (np.load(DIGITS.data_path)["x_test"][:, None] / np.float32(16)).astype(np.float32)
        y = np.load(DIGITS.data_path)["y_test"]
        np.save(self.path("x.npy"), x)
        values = {}
        for name, specs in {"float": [], "int8": ["--weights", "int8:channel", "--acts", "uint8"]}.items():
            document = self.json("run", DIGITS.model, "--input", "input=" + self.path("x.npy"), "--out-dir",
                                 self.path(name), *specs)
            self.assertEqual(document["outputs"][0]["file"], "output_0.npy")
            self.assertEqual(document["outputs"][0]["shape"], [500, 10])
            self.assertEqual(document["integer_share"], 1 if specs else 0)
            values[name] = np.load(os.path.join(self.path(name), "output_0.npy"))
        self.assertEqual((values["float"].argmax(1) == y).sum(), 468)
        self.assertGreater((values["float"].argmax(1) == values["int8"].argmax(1)).mean(), 0.98)
        np.save(self.path("wide.npy"), np.ones((2, 1, 9, 9), np.float32))
        self.refuse(1, [], "run", DIGITS.model, "--input", "input=" + self.path("wide.npy"), "--out-dir", self.path("o"))
        self.refuse(2, ["input"], "run", DIGITS.model, "--out-dir", self.path("o"))
        self.refuse(2, ["zorro"], "run", DIGITS.model, "--input", "zorro=x.npy", "--out-dir", self.path("o"))
        self.refuse(2, ["--out-dir"], "run", DIGITS.model, "--input", "input=" + self.path("x.npy"))


if __name__ == "__main__":
    bitstair.main()

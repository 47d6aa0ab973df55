"""Tests of sensitivity and search: members, resuming, budgets, shards that join to the same numbers.
SPDX-License-Identifier: GPL-3.0-or-later"""
import json
import os
import re

import bitstair

DIGITS = bitstair.DIGITS
VOLATILE = {"seconds", "finished_at", "latency_ms"}  # of a result: how long it took, and when


def numbers(results):
    return {r["key"]: {k: v for k, v in r.items() if k not in VOLATILE | {"pareto"}} for r in results}


class Sensitivity(bitstair.TestCase):
    def scan(self, *arguments):
        return self.json("sensitivity", DIGITS.model, *DIGITS.data, *arguments)

    def test_members_and_single_measurements(self):
        document = self.scan("--weights", "int2,int8", "--scope", "tensor,channel")
        self.assert_members(document, "layers seconds study base all")
        self.assertEqual(len(document["layers"]), 3)
        for layer in document["layers"]:
            self.assertEqual([r["spec"] for r in layer["results"]], ["int2", "int8", "int2:channel", "int8:channel"])
            for r in layer["results"]:
                self.assert_members(r, "spec part value agreement output_sqnr_db")
        first = document["layers"][0]
        config = {"bitstair": 1, "weights": "float", "acts": "float", "layers": {first["name"]: {"weights": "int2"}}}
        with open(self.path("one.json"), "w") as file:
            json.dump(config, file)
        single = self.json("evaluate", DIGITS.model, *DIGITS.data, "--config", self.path("one.json"))
        for name in ("value", "agreement", "output_sqnr_db"):
            self.assertEqual(single[name], first["results"][0][name])
        for r in document["all"]:
            self.assertIn("predicted_sqnr_db", r["additivity"])

    def test_modes_and_resuming(self):
        arguments = ("--weights", "int3..int4", "--acts", "uint8", "--others", "int8", "--mode", "all-but")
        once, again = self.scan(*arguments), self.scan(*arguments)
        del once["seconds"], again["seconds"]
        self.assertEqual(once, again)
        self.assertEqual(once["mode"], "all-but")

    def test_activations(self):
        document = self.scan("--acts-list", "uint2,uint8")
        self.assertEqual({r["part"] for layer in document["layers"] for r in layer["results"]}, {"acts"})

    def test_usage(self):
        self.refuse(2, ["--weights"], "sensitivity", DIGITS.model, *DIGITS.data)
        self.refuse(2, ["sideways"], "sensitivity", DIGITS.model, *DIGITS.data, "--weights", "int4", "--mode", "sideways")
        self.refuse(2, ["zork"], "sensitivity", DIGITS.model, *DIGITS.data, "--weights", "zork")


class Search(bitstair.TestCase):
    def search(self, *arguments, weights="int2..int8", scope="channel"):
        return self.json("search", DIGITS.model, *DIGITS.data, "--weights", weights, "--scope", scope, "--acts", "uint8",
                         *arguments)

    def test_mean_bits(self):
        document = self.search("--mean-bits", "4", "-O", self.path("best.json"))
        self.assert_members(document, "config value weight_bytes mean_bits predicted seconds layers advice")
        self.assertLessEqual(document["mean_bits"], 4)
        uniform = self.json("evaluate", DIGITS.model, *DIGITS.data, "--weights", "int4:channel", "--acts", "uint8")
        self.assertGreaterEqual(document["value"], uniform["value"])
        self.assertLessEqual(document["weight_bytes"], uniform["weight_bytes"])
        again = self.json("evaluate", DIGITS.model, *DIGITS.data, "--config", self.path("best.json"))
        for name in ("value", "agreement", "output_sqnr_db", "weight_bytes", "key"):
            self.assertEqual(again[name], document[name])
        elements = {layer["name"]: layer["shape"][0] * layer["shape"][1]
                    for layer in self.json("inspect", DIGITS.model)["layers"]}
        bits = sum(elements[layer["name"]] * int(layer["spec"][3]) for layer in document["layers"])
        self.assertAlmostEqual(document["mean_bits"], bits / sum(elements.values()), places=9)
        self.assertEqual({"uniform", "greedy", "second-order", "knapsack"}, set(document["baselines"]))

    def test_random(self):
        document = self.search("--mean-bits", "4", "--random", "20")
        self.assertIn("random", document["baselines"])
        self.assertGreaterEqual(document["value"], document["baselines"]["random"]["value"])
        self.assertIn("random", {c["origin"] for c in document["candidates"]})
        self.refuse(2, ["--random"], "search", DIGITS.model, *DIGITS.data, "--weights", "int4", "--max-drop", "1%",
                    "--random", "3")

    def test_bytes_and_drop(self):
        by_bytes = self.search("--max-bytes", "4K")
        self.assertLessEqual(by_bytes["weight_bytes"], 4096)
        by_drop = self.search("--max-drop", "1%")
        self.assertGreaterEqual(by_drop["value"], 0.936 - 0.01 - 1e-9)
        self.assertLess(by_drop["weight_bytes"], 6570 * 8 / 8)

    def test_usage_and_impossible(self):
        base = ("search", DIGITS.model, *DIGITS.data, "--weights", "int4..int8")
        self.refuse(2, ["one budget"], *base)
        self.refuse(2, ["one budget"], *base, "--max-bytes", "1K", "--mean-bits", "4")
        self.refuse(2, ["--max-drop"], *base, "--max-drop", "x%")
        self.refuse(1, ["3 bits", "4.00"], *base, "--acts", "uint8", "--mean-bits", "3")
        self.refuse(1, ["nowhere"], *base, "--acts", "uint8", "--mean-bits", "5", "--group", "nowhere")


class Shards(bitstair.TestCase):
    def test_shards_join_to_the_whole(self):
        plan = ("--weights", "int2..int8", "--acts", "uint8,float", "--scope", "tensor,channel")
        whole = self.json("sweep", DIGITS.model, *DIGITS.data, *plan)
        parts = []
        for shard in (1, 2, 3):
            self.db = self.path(f"shard{shard}.db")
            parts.append(self.json("sweep", DIGITS.model, *DIGITS.data, *plan, "--shard", f"{shard}/3"))
        self.assertEqual(sum(p["configurations"] for p in parts), whole["configurations"])
        self.db = self.path("joined.db")
        added = self.json("merge", self.db, *(self.path(f"shard{s}.db") for s in (1, 2, 3)))["added"]
        self.assertGreaterEqual(added, whole["configurations"])
        joined = self.json("results")
        self.assertEqual(numbers(joined["results"]), numbers(whole["results"]))
        self.assertTrue(os.path.exists(self.db))


class Report(bitstair.TestCase):
    def test_page_stands_alone(self):
        self.json("sweep", DIGITS.model, *DIGITS.data, "--weights", "int2,int8", "--acts", "uint8")
        document = self.json("report", "1", "-o", self.path("page.html"))
        self.assertEqual(document["file"], self.path("page.html"))
        with open(self.path("page.html"), encoding="utf-8") as file:
            page = file.read()
        self.assertIn("data:image/svg+xml;base64,", page)
        self.assertIn("int2 · tensor · uint8", page)
        self.assertNotIn("src=\"http", page)
        self.refuse(2, [".html"], "report", "1", "-o", self.path("page.doc"))
        self.json("report", "1", "-o", self.path("page.pdf"))
        self.json("report", "1", "-o", self.path("again.pdf"))
        with open(self.path("page.pdf"), "rb") as file, open(self.path("again.pdf"), "rb") as again:
            content = file.read()
            self.assertEqual(content, again.read())
        self.assertTrue(content.startswith(b"%PDF"))
        pages = int(re.search(rb"/Count (\d+)", content)[1])
        self.assertGreaterEqual(pages, 5)  # the title, plots, tables
        self.refuse(1, ["no/page.pdf"], "report", "1", "-o", self.path("no/page.pdf"))
        self.refuse(1, ["9"], "report", "9", "-o", self.path("page.html"))


if __name__ == "__main__":
    bitstair.main()

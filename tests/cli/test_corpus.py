"""Acceptance on the development corpus: float accuracies, and the integer tables of its independent reference.
SPDX-License-Identifier: GPL-3.0-or-later"""
import os
import re
import shutil
import unittest

import bitstair
import numpy

CORPUS = os.path.join(bitstair.SHARED, "corpus")
MAX_DIFFERENCE = 0.5    # points between two independent implementations that calibrate on the same samples
MIN_REFERENCE = 80.0    # below it a network is broken, and how it fails is chance
MIN_BITS = 5
FLOAT = {  # data, options, correct of how many, or perplexity
    "digits_mlp": ("digits", ["--scale", "1/16"], 468, 500),
    "mnist_mlp": ("mnist10k", [], 1942, 2000),
    "mnist_lenet_bn": ("mnist10k", [], 1977, 2000),
    "fashion_mobilenet": ("fashion", [], 9257, 10000),
    "fashion_resnet": ("fashion", [], 9220, 10000),
    "fashion_vit": ("fashion", [], 8569, 10000),
    "kjv_chargru": ("kjv_chars", [], 4.4198, None),
}


def reference_tables():
    """{model: {scope: {bits: accuracy}}} of the table with uint8 activations in the corpus's README."""
    with open(os.path.join(CORPUS, "README.md"), encoding="utf-8") as file:
        text = file.read().split("With uint8 activations")[1].split("\n\n")[1]
    tables = {}
    for line in text.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        tables.setdefault(cells[0], {})[cells[1]] = {8 - i: float(cell) for i, cell in enumerate(cells[2:])}
    return tables


@unittest.skipUnless(bitstair.SHARED, "the development corpus is not here")
class Corpus(bitstair.TestCase):
    def model(self, name):
        return os.path.join(CORPUS, "models", name + ".onnx")

    def data(self, name):
        data, options, _, _ = FLOAT[name]
        return ["--data", os.path.join(CORPUS, "data", data + ".npz"), *options]

    def test_float(self):
        measured = []
        for name, (_, _, expected, n) in FLOAT.items():
            with self.subTest(name):
                if self.json("inspect", self.model(name))["unsupported"]:
                    print(f"{name}: has operators that cannot run")
                    continue
                document = self.json("evaluate", self.model(name), *self.data(name))
                if n is None:
                    self.assertEqual(document["metric"], "perplexity")
                    self.assertAlmostEqual(document["value"], expected, delta=expected * 1e-3)
                else:
                    self.assertEqual(document["n"], n)
                    self.assertLessEqual(abs(document["correct"] - expected), 1)
                measured.append(name)
        self.assertGreaterEqual(len(measured), 5)

    def test_text(self):
        """The samples of the archive as the text they were cut from: the same perplexity, with its interval in the table."""
        archive = numpy.load(os.path.join(CORPUS, "data", "kjv_chars.npz"))
        vocabulary = os.path.join(CORPUS, "data", "kjv_chars.vocab.txt")
        with open(vocabulary, encoding="utf-8") as file:
            characters = [line.replace("\\n", "\n") for line in file.read().splitlines()]
        with open(self.path("kjv.txt"), "w", encoding="utf-8") as file:
            file.write("".join(characters[i] for i in [*archive["x_test"].reshape(-1), archive["y_test"][-1, -1]]))
        shutil.copy(vocabulary, self.path("kjv.vocab.txt"))
        arguments = ("evaluate", self.model("kjv_chargru"), "--data", self.path("kjv.txt"))
        document = self.json(*arguments)
        self.assertAlmostEqual(document["value"], FLOAT["kjv_chargru"][2], places=4)
        self.assertEqual(document["n"], archive["y_test"].size)
        out, _ = self.call(*arguments)
        self.assertIn("{:.2f}–{:.2f}".format(*document["ci95"]), out)

    def sweep(self, name, scopes):
        document = self.json("sweep", self.model(name), *self.data(name), "--calibration", "512", "--weights", "int2..int8",
                             "--acts", "uint8", "--scope", scopes)
        tables = {}
        for result in document["results"]:
            bits, scope = re.fullmatch(r"int(\d)(?::(\w+))?", result["weights"]).groups()
            tables.setdefault(scope or "tensor", {})[int(bits)] = 100 * result["value"]
            self.assertGreaterEqual(result["integer_share"], 0.99, result["label"])
        self.assertEqual(sum(len(table) for table in tables.values()), 7 * len(scopes.split(",")))
        reference = reference_tables()[name]
        worst, compared = 0, 0
        for scope, table in tables.items():
            for bits, value in table.items():
                if bits >= MIN_BITS and reference[scope][bits] > MIN_REFERENCE:
                    with self.subTest(f"{name} int{bits} {scope}"):
                        self.assertLessEqual(abs(value - reference[scope][bits]), MAX_DIFFERENCE)
                    worst = max(worst, abs(value - reference[scope][bits]))
                    compared += 1
        print(f"{name}: {compared} points, at most {worst:.2f} from the reference")
        self.assertGreaterEqual(compared, 4)
        return tables

    def assert_order(self, tables):
        self.assertLess(tables["model"][4], tables["tensor"][4])
        self.assertLessEqual(tables["tensor"][4], tables["channel"][4])

    def test_mnist_lenet(self):
        self.assert_order(self.sweep("mnist_lenet_bn", "model,tensor,channel"))

    def test_fashion_resnet(self):
        self.assert_order(self.sweep("fashion_resnet", "model,tensor,channel"))

    def test_fashion_mobilenet(self):
        self.sweep("fashion_mobilenet", "channel")


if __name__ == "__main__":
    bitstair.main()

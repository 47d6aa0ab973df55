"""Tests of exported files in ONNX Runtime: the same classes as our integer run, for each bundled network.
SPDX-License-Identifier: GPL-3.0-or-later"""
import json
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.environ["BITSTAIR_SOURCE"], "tests", "cli"))
import bitstair  # noqa: E402

HERE = os.path.join(os.environ["BITSTAIR_SOURCE"], "tests", "export")
MIN_AGREEMENT = 0.999  # what remains are sums that round differently in float at the ends of the network
LIMIT = 2000           # samples of the large sets: the share above is then at most two samples


def run_onnx(model, x, folder, level="basic"):
    """Outputs of ONNX Runtime, by default at basic optimization, which keeps QDQ of codes literal."""
    given, result = os.path.join(folder, "x.npy"), os.path.join(folder, "y.npy")
    np.save(given, x)
    subprocess.run(["node", os.path.join(HERE, "run_onnx.js"), model, given, result, level], check=True)
    return np.load(result)


class OnnxRuntime(bitstair.TestCase):
    def samples(self, example):
        x = np.load(example.data_path)["x_test"][:LIMIT, None]
        return (x.astype(np.float32) / np.float32(example.divisor)).astype(np.float32)

    def compare(self, example, weights, acts, level="basic", corrections=()):
        predictions, exported, config = self.path("p.npy"), self.path("q.onnx"), self.path("c.json")
        data = [*example.data, "--limit", str(LIMIT)]
        with open(config, "w") as f:
            json.dump({"bitstair": 1, "weights": weights, "acts": acts, "corrections": list(corrections)}, f)
        result = self.json("evaluate", example.model, *data, "--config", config, "--predictions", predictions)
        document = self.json("export", result["key"], "--model", example.model, *data, "--to", "onnx-qdq", "-o", exported)
        ours = np.load(predictions)
        theirs = run_onnx(exported, self.samples(example), self.folder, level).argmax(1)
        agreement = (ours == theirs).mean()
        print(f"{example.name} {weights} {acts}: {100 * agreement:.2f} % the same class", file=sys.stderr)
        self.assertGreaterEqual(agreement, MIN_AGREEMENT, document["warnings"])

    def test_float(self):
        """The harness itself: float outputs of ONNX Runtime and ours."""
        x = self.samples(bitstair.MNIST)[:200]
        np.save(self.path("x.npy"), x)
        self.json("run", bitstair.MNIST.model, "--input", "input=" + self.path("x.npy"), "--out-dir", self.path("out"))
        ours = np.load(self.path("out/output_0.npy"))
        np.testing.assert_allclose(ours, run_onnx(bitstair.MNIST.model, x, self.folder), rtol=1e-4, atol=1e-4)

    def test_digits(self):
        self.compare(bitstair.DIGITS, "int8", "uint8")

    def test_mnist(self):
        self.compare(bitstair.MNIST, "int8:channel", "uint8")

    def test_mobilenet(self):
        self.compare(bitstair.MOBILENET, "int8:channel", "uint8")

    def test_resnet(self):
        self.compare(bitstair.RESNET, "int8:channel", "uint8")

    def test_four_bits(self):
        self.compare(bitstair.MNIST, "int4:channel", "uint8")

    def test_zero_points_of_weights(self):
        self.compare(bitstair.MNIST, "int8:affine", "uint8")
        self.compare(bitstair.MNIST, "uint8:channel", "uint8")
        self.compare(bitstair.MNIST, "int4:affine", "uint8")
        self.compare(bitstair.MOBILENET, "int4:affine:channel", "uint8")
        self.compare(bitstair.MOBILENET, "int8:affine:channel", "uint8")

    def test_groups_of_weights(self):
        """Written as decoded floats, which ONNX Runtime quantizes again, one scale a tensor, when it optimizes."""
        self.compare(bitstair.MNIST, "int4:group=32", "uint8", "disabled")
        self.compare(bitstair.MOBILENET, "int4:group=32", "uint8", "disabled")

    def test_corrected_bias(self):
        """Of layers on integers, and of simulated ones, so coarse that the correction changes many classes."""
        self.compare(bitstair.MNIST, "int3", "uint8", corrections=["bias"])
        self.compare(bitstair.MNIST, "nf4:tensor", "uint8", "disabled", corrections=["bias"])
        self.compare(bitstair.MNIST, "ternary", "uint8", "disabled", corrections=["bias"])

    def test_per_tensor(self):
        self.compare(bitstair.MNIST, "int8", "uint8")


if __name__ == "__main__":
    bitstair.main()

"""Tests of what cannot work: files that are cut off, damaged, of another kind or named oddly, places that cannot be written.
SPDX-License-Identifier: GPL-3.0-or-later"""
import json
import os
import shutil
import subprocess

import bitstair
import numpy as np
import onnx_file
from bitstair import DIGITS, MNIST


class Errors(bitstair.TestCase):
    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def test_models(self):
        with open(DIGITS.model, "rb") as file:
            content = file.read()
        for command in (["inspect"], ["evaluate", *DIGITS.data]):
            self.refuse(1, ["nowhere.onnx"], command[0], "nowhere.onnx", *command[1:])
            self.refuse(1, [os.path.basename(self.folder), "folder"], command[0], self.folder, *command[1:])
            for size in (0, 1, 100, len(content) // 2, len(content) - 1):
                path = self.write(f"cut{size}.onnx", content[:size])
                self.refuse(1, [os.path.basename(path)], command[0], path, *command[1:])
            path = self.write("text.onnx", b"this is not a model " * 50)
            self.refuse(1, ["text.onnx"], command[0], path, *command[1:])

    def test_any_bytes_in_names(self):
        """Names of files that are not UTF-8: stored as they are, shown as UTF-8."""
        model, database = os.fsencode(self.folder) + b"/net \xe9.onnx", os.fsencode(self.folder) + b"/\xff.db"
        shutil.copy(os.fsencode(DIGITS.model), model)
        for command in (["evaluate", model, *DIGITS.data], ["results"], ["inspect", model]):
            run = subprocess.run([bitstair.CLI, "--db", database, "--json", *command], capture_output=True, env=self.environment)
            self.assertEqual(run.returncode, 0, run.stderr)
            json.loads(run.stdout.decode("utf-8"))

    def test_unsupported_operators(self):
        nodes = [onnx_file.node("MatMul", ["x", "w"], ["h"], "first"),
                 onnx_file.node("Frobnicate", ["h"], ["i"], "second"),
                 onnx_file.node("Frobnicate", ["i"], ["y"], "third")]
        content = onnx_file.model(nodes, [("x", [None, 64])], [("y", [None, 10])],
                                  [onnx_file.tensor("w", np.ones((64, 10)))])
        path = self.write("odd.onnx", content)
        document = self.json("inspect", path)
        self.assertEqual(document["unsupported"], [{"op": "Frobnicate", "count": 2}])
        self.assertEqual([layer["name"] for layer in document["layers"]], ["first"])
        self.refuse(1, ["Frobnicate"], "evaluate", path, "--data", "synthetic:8")

    def test_data(self):
        data = np.load(DIGITS.data_path)
        bad = self.write("bad.npz", b"PK not a zip")
        self.refuse(1, ["bad.npz"], "evaluate", DIGITS.model, "--data", bad)
        self.refuse(1, ["nothing.npz"], "evaluate", DIGITS.model, "--data", self.path("nothing.npz"))
        with open(DIGITS.data_path, "rb") as file:
            cut = self.write("cut.npz", file.read()[:20000])
        self.refuse(1, ["cut.npz"], "evaluate", DIGITS.model, "--data", cut)
        np.savez(self.path("names.npz"), pictures=data["x_test"])
        self.refuse(1, ["names.npz"], "evaluate", DIGITS.model, "--data", self.path("names.npz"))
        np.savez(self.path("words.npz"), x_test=data["x_test"], y_test=data["y_test"].astype(str))
        self.refuse(1, ["words.npz", "y_test", "<U"], "evaluate", DIGITS.model, "--data", self.path("words.npz"))
        np.savez(self.path("from-one.npz"), x_test=data["x_test"], y_test=data["y_test"] + 1)
        self.refuse(1, ["from-one.npz", "label 10 ", "10 classes"], "evaluate", DIGITS.model, "--data", self.path("from-one.npz"))
        np.savez(self.path("one-hot.npz"), x_test=data["x_test"], y_test=np.eye(10)[data["y_test"]])
        out, err = self.call("--json", "evaluate", DIGITS.model, "--data", self.path("one-hot.npz"))
        self.assertEqual(json.loads(out)["metric"], "none")
        self.assertRegex(err, "one-hot.npz.*10 for each sample.*output.*N×10.*not used")
        np.savez(self.path("labels.npz"), x_test=data["x_test"], y_test=data["y_test"][:-1])
        self.refuse(1, ["labels.npz"], "evaluate", DIGITS.model, "--data", self.path("labels.npz"))
        np.savez(self.path("empty.npz"), x_test=data["x_test"][:0], y_test=data["y_test"][:0])
        self.refuse(1, ["empty.npz"], "evaluate", DIGITS.model, "--data", self.path("empty.npz"))
        self.refuse(1, ["mnist10k.npz"], "evaluate", DIGITS.model, "--data", MNIST.data_path)

    def test_places_that_cannot_be_written(self):
        self.db = self.path("x/y.db")
        self.write("x", b"")
        self.refuse(1, [self.path("x")], "sweep", DIGITS.model, *DIGITS.data, "--weights", "int8")
        self.db = self.path("fine.db")
        self.json("sweep", DIGITS.model, *DIGITS.data, "--weights", "int8", "--acts", "uint8")
        self.refuse(1, ["x/p.png"], "plot", "trade-off", "1", "-o", self.path("x/p.png"))
        self.refuse(1, ["p.jpg"], "plot", "trade-off", "1", "-o", self.path("p.jpg"))
        self.refuse(1, ["9"], "plot", "trade-off", "9", "-o", self.path("p.png"))
        self.refuse(1, ["0123"], "plot", "trade-off", "0123", "-o", self.path("p.png"))


if __name__ == "__main__":
    bitstair.main()

"""Running bitstair-cli from tests: one call, its exit status, its JSON, its sentences.
SPDX-License-Identifier: GPL-3.0-or-later"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ["BITSTAIR_SOURCE"]
CLI = os.path.join(os.environ["BITSTAIR_BUILD"], "src", "cli", "bitstair-cli")
SHARED = os.environ.get("BITSTAIR_SHARED", "")
EXAMPLES = os.path.join(SOURCE, "data", "examples")
TIMEOUT = 120 * int(os.environ.get("BITSTAIR_TIMEOUT_MULTIPLIER", "1"))


class Example:
    """A bundled model with its data: arguments for the command line, and arrays."""

    def __init__(self, name, model, data, options=(), divisor=255.0):
        self.name = name
        self.model = os.path.join(EXAMPLES, model)
        self.data_path = os.path.join(EXAMPLES, data)
        self.data = ["--data", self.data_path, *options]
        self.divisor = divisor


DIGITS = Example("digits", "digits_mlp.onnx", "digits.npz", ["--scale", "1/16"], 16.0)
RESCALED = Example("rescaled", "digits_mlp_rescaled.onnx", "digits.npz", ["--scale", "1/16"], 16.0)  # loud channels
MNIST = Example("mnist", "mnist_lenet_bn.onnx", "mnist10k.npz")
MOBILENET = Example("fashion-mobilenet", "fashion_mobilenet.onnx", "fashion.npz")
RESNET = Example("fashion-resnet", "fashion_resnet.onnx", "fashion.npz")


class TestCase(unittest.TestCase):
    """A test with a folder and a database of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bitstair-cli-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.db = self.path("results.db")
        self.environment = {
            **os.environ,
            "XDG_DATA_HOME": self.path("share"),
            "LC_ALL": "C.UTF-8",
        }

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *arguments, **options):
        return subprocess.Popen([CLI, "--db", self.db, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=self.environment, text=True, **options)

    def call(self, *arguments, status=0):
        """Runs to the end; returns standard output and standard error."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, status, f"{arguments}\n{out}\n{err}")
        return out, err

    def json(self, *arguments, status=0):
        """Runs with --json; standard output must be one document."""
        out, _ = self.call("--json", *arguments, status=status)
        return json.loads(out)

    def refuse(self, status, says, *arguments):
        """Expects failure with one sentence on standard error that contains each of says, nothing on standard output."""
        out, err = self.call(*arguments, status=status)
        self.assertEqual(out, "")
        lines = err.strip().splitlines()
        self.assertEqual(len(lines), 2 if status == 2 else 1, err)
        self.assertTrue(lines[0].startswith("bitstair-cli: "), err)
        for text in says:
            self.assertIn(text, lines[0])

    def assert_members(self, document, names):
        for name in names.split():
            self.assertIn(name, document)

    def interrupt(self, process, number=signal.SIGINT):
        process.send_signal(number)
        return process.communicate(timeout=TIMEOUT)


def main():
    if not SHARED:
        print("BITSTAIR_SHARED is not set: the development corpus is not here, its parts pass without it", file=sys.stderr)
    unittest.main(verbosity=2)

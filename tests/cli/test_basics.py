"""Tests of the commands that need no study: quantize, examples, plot --list, usage and exit status; progress on a terminal.
SPDX-License-Identifier: GPL-3.0-or-later"""
import json
import os
import pty
import subprocess

import bitstair
import numpy as np
import onnx_file
from bitstair import DIGITS, MNIST

GRID = ["--weights", "int2..int8", "--acts", "uint8", "--scope", "model,tensor,channel"]


class Quantize(bitstair.TestCase):
    def test_members_and_files(self):
        x = np.random.default_rng(1).standard_normal((6, 40)).astype(np.float32)
        np.save(self.path("x.npy"), x)
        out = self.path("new/out")
        document = self.json("quantize", self.path("x.npy"), "int4:channel", "--out-dir", out)
        self.assert_members(document, "mse sqnr_db max_abs cosine bits_per_weight size_bits")
        codes, scale, zero, values = (np.load(os.path.join(out, name + ".npy"))
                                      for name in ("codes", "scale", "zero_point", "dequantized"))
        expected = (np.abs(x).max(1) / np.float32(7)).astype(np.float32)
        self.assertEqual(codes.dtype, np.int32)
        np.testing.assert_array_equal(scale, expected)
        np.testing.assert_array_equal(zero, np.zeros(6, np.int32))
        np.testing.assert_array_equal(codes, np.clip(np.rint(x / expected[:, None]), -7, 7))
        np.testing.assert_array_equal(values, codes.astype(np.float32) * scale[:, None])
        error = values.astype(np.float64) - x
        self.assertAlmostEqual(document["mse"], (error ** 2).mean(), places=9)
        self.assertAlmostEqual(document["max_abs"], np.abs(error).max(), places=7)
        self.assertAlmostEqual(document["sqnr_db"], 10 * np.log10((x.astype(float) ** 2).sum() / (error ** 2).sum()), places=6)
        self.assertEqual(document["size_bits"], 240 * 4 + 6 * 32)

    def test_types_and_orders(self):
        x = np.arange(24).reshape(2, 3, 4)
        np.save(self.path("a.npy"), np.asfortranarray(x).astype(">f8"))
        np.save(self.path("b.npy"), x.astype(np.uint8))
        a = self.json("quantize", self.path("a.npy"), "int8")
        b = self.json("quantize", self.path("b.npy"), "int8")
        self.assertEqual(a, b)

    def test_table(self):
        np.save(self.path("x.npy"), np.ones(4, np.float32))
        out, err = self.call("quantize", self.path("x.npy"), "int8")
        self.assertIn("int8", out)
        self.assertEqual(err, "")
        self.assertEqual(self.call("--quiet", "quantize", self.path("x.npy"), "int8"), ("", ""))

    def test_wrong_input(self):
        np.save(self.path("x.npy"), np.ones(4, np.float32))
        with open(self.path("x.npy"), "rb") as file:
            content = file.read()
        with open(self.path("cut.npy"), "wb") as file:
            file.write(content[:-3])
        with open(self.path("text.npy"), "wb") as file:
            file.write(b"hello")
        np.save(self.path("words.npy"), np.array(["a", "b"]))
        self.refuse(1, ["nowhere.npy", "No such file"], "quantize", "nowhere.npy", "int8")
        self.refuse(1, ["cut.npy", "cut short"], "quantize", self.path("cut.npy"), "int8")
        self.refuse(1, ["text.npy"], "quantize", self.path("text.npy"), "int8")
        self.refuse(1, ["words.npy"], "quantize", self.path("words.npy"), "int8")
        self.refuse(1, ["cannot be made"], "quantize", self.path("x.npy"), "int8", "--out-dir", self.path("x.npy/sub"))
        self.refuse(2, ["zork"], "quantize", self.path("x.npy"), "zork")
        self.refuse(2, ["int99"], "quantize", self.path("x.npy"), "int99")


class Usage(bitstair.TestCase):
    def commands(self):
        out, _ = self.call("--help")
        lines = out.split("Commands:\n")[1].split("\n\n")[0].splitlines()
        return [line.split()[0] for line in lines]

    def test_every_command_helps_with_an_example(self):
        names = self.commands()
        self.assertIn("quantize", names)
        for name in names:
            out, err = self.call(name, "--help")
            self.assertIn("Example:\n  bitstair-cli " + name, out)
            self.assertEqual(err, "")

    def test_wrong_usage(self):
        self.refuse(2, ["No command"])
        self.refuse(2, ["frobnicate"], "frobnicate")
        self.refuse(2, ["--frob"], "quantize", "--frob")
        self.refuse(2, ["--frob"], "--frob", "quantize")
        self.refuse(2, ["missing"], "quantize")
        self.refuse(2, ["more arguments"], "quantize", "a", "b", "c")
        self.refuse(2, ["--threads"], "--threads", "-3", "examples")
        self.refuse(2, ["threads"], "--threads", "many", "examples")
        self.refuse(2, ["trade"], "plot", "trade", "1", "-o", "x.png")
        self.refuse(2, ["-o"], "plot", "trade-off", "1")
        self.refuse(2, ["study"], "results", "zero")

    def test_chinese(self):
        self.environment.update(LANGUAGE="zh_CN", BITSTAIR_LOCALE_DIR=os.path.join(os.environ["BITSTAIR_BUILD"], "po"))
        out, _ = self.call("lesson", "1")
        self.assertTrue(out.startswith("阶梯\n"), out[:40])
        out, _ = self.call("sweep", "--help")
        self.assertIn("激活的规格；默认浮点", out)
        self.refuse(2, ["没有课程“99”"], "lesson", "99")

    def test_version(self):
        out, _ = self.call("--version")
        self.assertRegex(out, r"^bitstair-cli \d+\.\d+\.\d+\n$")

    def test_plot_list(self):
        kinds = [plot["kind"] for plot in self.json("plot", "--list")["plots"]]
        self.assertIn("trade-off", kinds)
        out, _ = self.call("plot", "--list")
        for kind in kinds:
            self.assertIn(kind, out)

    def test_examples(self):
        examples = self.json("examples")["examples"]
        self.assertGreaterEqual(len(examples), 2)
        for example in examples:
            self.assertTrue(os.path.exists(example["model"]), example)
            self.assertTrue(os.path.exists(example["data"].split(" --")[0]), example)
            for name in ("id", "title", "shows", "weights", "acts", "scope"):
                self.assertTrue(example[name], example)

    def test_lessons(self):
        lessons = self.json("lesson")["lessons"]
        self.assertEqual([lesson["number"] for lesson in lessons], list(range(1, len(lessons) + 1)))
        self.assertIsNone(self.json("lesson", "1")["answer"])
        shown = self.json("lesson", "1", "--set", "2=Half away from zero", "--answer")
        self.assertIn("code 5, decoded 555.56", shown["numbers"])
        self.assertEqual(shown, self.json("lesson", "1", "--set", "2=1", "--answer"))
        for wrong in "2=7", "9=1", "4=1001", "x":
            self.refuse(2, [wrong], "lesson", "1", "--set", wrong)
        self.refuse(2, ["99"], "lesson", "99")
        for number, arguments in (1, []), (2, []), (2, ["--answer"]), (9, ["--answer"]):
            path = self.path("lesson.svg")
            self.json("lesson", str(number), "-o", path, *arguments)
            with open(path, encoding="utf-8") as file:
                self.assertIn("<svg", file.read())

    def test_database_errors(self):
        self.refuse(1, [self.db, "no database"], "results")
        with open(self.db, "w") as file:
            file.write("not a database, not at all, " * 100)
        self.refuse(1, [self.db, "not a database"], "results")
        self.refuse(1, [self.db, "not a database"], "compare", "abcd", "ef01")
        self.refuse(1, [self.db, "not a database"], "merge", self.db, self.db)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            process = subprocess.run([bitstair.CLI, "examples"], stdout=full, stderr=subprocess.PIPE, text=True,
                                     env=self.environment, timeout=bitstair.TIMEOUT)
        self.assertEqual(process.returncode, 1)
        self.assertIn("cannot be written", process.stderr)


class ExternalData(bitstair.TestCase):
    def write(self, side, layers):
        weights = [onnx_file.external_tensor(f"w{i}", (side, side), "weights.bin", 4 * i * side * side) for i in range(layers)]
        nodes = [onnx_file.node("MatMul", [f"t{i}", f"w{i}"], [f"t{i + 1}"], f"matmul{i}") for i in range(layers)]
        with open(self.path("net.onnx"), "wb") as file:
            file.write(onnx_file.model(nodes, [("t0", [None, side])], [(f"t{layers}", [None, side])], weights))
        with open(self.path("weights.bin"), "wb") as file:
            file.truncate(4 * side * side * layers)  # sparse

    def test_opening_reads_no_weights(self):
        self.write(5792, 8)  # 1 GiB
        with self.start("inspect", self.path("net.onnx")) as process:
            out = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertIn("matmul7", out)
        self.assertLess(usage.ru_maxrss, 512 << 10)  # KiB: had it been read, it would be there

    def test_digest_sees_every_byte(self):
        self.write(40, 2)
        digests = {self.json("inspect", self.path("net.onnx"))["digest"]}
        places = [0, 63, 64, 5000, 4 * 40 * 40 * 2 - 1]
        for at in places:
            with open(self.path("weights.bin"), "r+b") as file:
                file.seek(at)
                file.write(b"\1")
            digests.add(self.json("inspect", self.path("net.onnx"))["digest"])
        self.assertEqual(len(digests), 1 + len(places))


class Manual(bitstair.TestCase):
    def test_completion_is_bash(self):
        path = os.path.join(os.environ["BITSTAIR_BUILD"], "src", "cli", "bitstair-cli.bash")
        script = f"source {path}; COMP_WORDS=(bitstair-cli quan); COMP_CWORD=1; _bitstair_cli; echo ${{COMPREPLY[@]}}; " \
                 "COMP_WORDS=(bitstair-cli quantize --out); COMP_CWORD=2; _bitstair_cli; echo ${COMPREPLY[@]}"
        out = subprocess.run(["bash", "-euc", script], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(out.split(), ["quantize", "--out-dir"])

    def test_manual_names_every_command(self):
        with open(os.path.join(os.environ["BITSTAIR_BUILD"], "src", "cli", "bitstair-cli.1"), encoding="utf-8") as file:
            text = file.read()
        for section in ("NAME", "SYNOPSIS", "COMMANDS", "DATA", "SPECS", "EXIT STATUS"):
            self.assertIn(f".SH {section}\n", text)
        for name in Usage.commands(self):
            self.assertIn(f"\n.SS {name}", text)


class Terminal(bitstair.TestCase):
    def test_progress_only_on_a_terminal(self):
        _, err = self.call("sweep", DIGITS.model, *DIGITS.data, *GRID)
        self.assertEqual(err, "")
        self.db = self.path("terminal.db")
        ours, theirs = pty.openpty()
        with subprocess.Popen([bitstair.CLI, "--db", self.db, "--json", "sweep", MNIST.model, *MNIST.data, *GRID],
                                       stdout=subprocess.PIPE, stderr=theirs, env=self.environment) as process:
            os.close(theirs)
            out, _ = process.communicate(timeout=bitstair.TIMEOUT)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        self.assertEqual(json.loads(out)["done"], 21)
        self.assertIn("of 21", text.decode())
        self.assertRegex(text.decode(), r"\d\.\d s left", "short times are told in tenths")
        self.assertTrue(text.decode().endswith("\r\x1b[K"), "the line is wiped at the end")


if __name__ == "__main__":
    bitstair.main()

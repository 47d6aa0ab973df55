"""Tests of the tree itself: headers, licences, layers, lists that must be complete, words that must not stay.
SPDX-License-Identifier: GPL-3.0-or-later"""
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import unittest
import xml.dom.minidom

SOURCE = os.environ["BITSTAIR_SOURCE"]
BUILD = os.environ["BITSTAIR_BUILD"]
MAX_LINES = 500  # a file past this has two subjects

# Which layers a layer may include; the core's folders are one layer.
LAYERS = {
    "kernels": {"kernels"},
    "src/core": {"src/core", "kernels"},
    "src/store": {"src/store", "src/core"},
    "src/plot": {"src/plot", "src/core"},
    "src/workbench": {"src/workbench", "src/store", "src/core"},
    "src/cli": {"src/cli", "src/workbench", "src/plot", "src/store", "src/core", "kernels"},
    "src/app": {"src/app", "src/workbench", "src/plot", "src/store", "src/core", "kernels"},
}
# Libraries by their headers, and who may use them.
LIBRARIES = {
    r"gtk/|adwaita|gdk/": {"src/app"},
    r"sqlite3": {"src/store"},
    r"cairo|pango": {"src/plot", "src/app"},
    r"glib|gio/|json-glib": set(LAYERS) - {"kernels"},
}
TEXT = (".c", ".h", ".inc", ".py", ".js", ".sh", ".build", ".md", ".ui", ".css", ".json", ".xml", ".in", ".txt")


def is_made(folder):
    """A folder of things that were built, installed or run, not written."""
    name = os.path.basename(folder)
    return name in ("node_modules", ".git", "__pycache__", "bitstair-run") or os.path.exists(os.path.join(folder, "meson-private"))


def tracked():
    """Files of the project: what git knows, or all that was not made where git is not there."""
    if shutil.which("git"):
        git = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        names = git.stdout.decode().split("\0")[:-1] if git.returncode == 0 else []
        if names:
            return [name for name in names if os.path.isfile(os.path.join(SOURCE, name))]
    names = []
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = [f for f in folders if not is_made(os.path.join(folder, f))]
        names += [os.path.relpath(os.path.join(folder, f), SOURCE) for f in files]
    return names


FILES = tracked()


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def sources(*suffixes, under=("src", "kernels", "tests")):
    return [name for name in FILES if name.endswith(suffixes) and name.split("/")[0] in under]


def layer_of(name):
    return next((layer for layer in LAYERS if name.startswith(layer + "/")), None)


def compile_commands():
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        return json.load(file)


def is_template(name):
    """Code of the kernels that is included several times, with other macros; its first comment says so."""
    return layer_of(name) == "kernels" and re.match(r"/\*[^/]*\bincluded\b", read(name)) is not None


class Tree(unittest.TestCase):
    def test_first_lines(self):
        for name in sources(".c", ".h", ".inc", ".py", ".js", ".sh", under=("src", "kernels", "tests", "build-aux", "data")):
            with self.subTest(name):
                lines = read(name).splitlines()[:6]
                if lines and lines[0].startswith("#!"):
                    lines = lines[1:]
                self.assertRegex(lines[0], r'^(/\*|//|#|""") ?\S.{10,}', "says what the file is for")
                licence = re.search(r"SPDX-License-Identifier: ([\w.-]+)", "\n".join(lines))
                self.assertIsNotNone(licence, "names its licence")
                expected = "GPL-3.0-or-later"
                if name.startswith(("kernels/", "tests/kernels/", "tests/bench/")):
                    expected = ("BSD-2-Clause", expected) if name.startswith("tests/bench/") else ("BSD-2-Clause",)
                elif name.startswith("data/examples/"):
                    expected = ("MIT",)
                self.assertIn(licence[1], expected)
                self.assertTrue(os.path.exists(os.path.join(SOURCE, "LICENSES", licence[1] + ".txt")))

    def test_layers(self):
        folders = ("", "src/core/", "src/", "kernels/")
        for name in sources(".c", ".h", ".inc", under=("src", "kernels")):
            layer = layer_of(name)
            for kind, include in re.findall(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', read(name), re.M):
                with self.subTest(f"{name} includes {include}"):
                    if kind == '"':
                        places = [os.path.dirname(name) + "/"] + list(folders)
                        found = next((p + include for p in places if os.path.exists(os.path.join(SOURCE, p + include))), None)
                        if found is not None and layer_of(os.path.normpath(found)) is not None:
                            self.assertIn(layer_of(os.path.normpath(found)), LAYERS[layer])
                    for pattern, allowed in LIBRARIES.items():
                        if kind == "<" and re.match(pattern, include):
                            self.assertIn(layer, allowed)

    def test_nothing_prints_or_exits_below(self):
        pattern = re.compile(r"(?<![\w.>])(printf|puts|fputs|fprintf|g_print|g_printerr|exit|_exit|abort)\s*\(")
        for name in sources(".c", ".h", under=("src", "kernels")):
            if layer_of(name) in ("src/cli", "src/app"):
                continue
            code = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"", "", read(name), flags=re.S)
            self.assertEqual(pattern.findall(code), [], name)

    def test_lengths(self):
        for name in sources(".c", under=("src", "kernels")):
            self.assertLessEqual(len(read(name).splitlines()), MAX_LINES, name)

    def test_manual_of_the_window(self):
        manual = read("data/bitstair.1").replace("\\-", "-")
        options = re.findall(r'\{ "([a-z]+)", 0, 0, G_OPTION_ARG', read("src/app/application.c"))
        self.assertGreaterEqual(len(options), 6)
        for option in options:
            self.assertIn(f"--{option}", manual)

    def test_no_promises(self):
        words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "not " + "implemented", "st" + "ub"]
        pattern = re.compile(r"\b(" + "|".join(words) + r")\b")
        for name in FILES:
            if name.endswith(TEXT) and name.split("/")[0] not in ("LICENSES",) and "package-lock" not in name:
                match = pattern.search(read(name))
                self.assertIsNone(match, f"{name}: {match and match[0]}")

    def test_every_source_is_built(self):
        for name in sources(".c", under=("src",)):
            folder = os.path.dirname(name)
            listed = any(os.path.basename(name) in read(os.path.join(f, "meson.build"))
                         for f in (folder, os.path.dirname(folder)) if os.path.exists(os.path.join(SOURCE, f, "meson.build")))
            self.assertTrue(listed, f"{name} is in no meson.build")

    def test_headers_compile_alone(self):
        commands = {}
        for command in compile_commands():
            path = os.path.relpath(os.path.normpath(os.path.join(command["directory"], command["file"])), SOURCE)
            commands.setdefault(path, command)
        jobs = []
        for name in sources(".h", under=("src", "kernels")):
            near = sorted(path for path in commands if os.path.dirname(path) == os.path.dirname(name))
            if not near or is_template(name):
                continue  # a part that this build leaves out
            # levels of the kernels have flags of their own: those of the source with the most similar name
            command = commands[max(reversed(near), key=lambda path: len(os.path.commonprefix([path, name])))]
            words = shlex.split(command["command"])
            flags = [w for w in words[1:] if w.startswith(("-I", "-D", "-m", "-std", "-f", "-isystem", "-pthread"))
                     and not w.startswith("-fsanitize")]
            compiler = next(w for w in words if not w.endswith("ccache"))
            jobs.append((name, [compiler, *flags, "-Werror", "-fsyntax-only", "-x", "c", "-include",
                                os.path.join(SOURCE, name), "/dev/null"], command["directory"]))
        self.assertGreater(len(jobs), 30)

        def compile_one(job):
            name, command, folder = job
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            return name, done.returncode, done.stdout

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for name, status, output in pool.map(compile_one, jobs):
                self.assertEqual(status, 0, f"{name} does not compile alone:\n{output}")

    def test_pragma_once(self):
        for name in sources(".h", under=("src", "kernels")):
            if not is_template(name):
                self.assertRegex(read(name), r"(?m)^#pragma once$|^#ifndef BSK_H$", name)

    def test_xml_is_well_formed(self):
        for name in FILES:
            if name.endswith((".ui", ".xml", ".svg")):
                xml.dom.minidom.parse(os.path.join(SOURCE, name))

    def test_json_is_valid(self):
        for name in FILES:
            if name.endswith(".json"):
                json.loads(read(name))

    def test_one_ui_file_per_class(self):
        for name in FILES:
            if name.startswith("ui/") and name.endswith(".ui") and name.count("/") == 1:
                template = re.search(r'<template class="(\w+)"', read(name))
                stem = os.path.basename(name)[:-3]
                if template is not None:
                    self.assertTrue(os.path.exists(os.path.join(SOURCE, "src", "app", stem + ".c")), name)

    def test_desktop_files(self):
        for name in FILES:
            if name.endswith(".desktop") and shutil.which("desktop-file-validate"):
                subprocess.run(["desktop-file-validate", os.path.join(SOURCE, name)], check=True)
            if name.endswith(".metainfo.xml") and shutil.which("appstreamcli"):
                subprocess.run(["appstreamcli", "validate", "--no-net", os.path.join(SOURCE, name)], check=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)

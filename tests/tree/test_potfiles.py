"""Test of the list of files with text for people: translators see only what is on it.
SPDX-License-Identifier: GPL-3.0-or-later"""
import glob
import os
import re
import unittest

SOURCE = os.environ["BITSTAIR_SOURCE"]


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def has_text(name):
    if name.endswith(".ui"):
        return 'translatable="yes"' in read(name)
    code = re.sub(r"/\*.*?\*/", "", read(name), flags=re.S)
    return re.search(r'\bN?_ ?\(\s*"', code) is not None


class Potfiles(unittest.TestCase):
    def setUp(self):
        self.listed = [line for line in read("po/POTFILES.in").splitlines() if line and not line.startswith("#")]

    def test_complete(self):
        names = [name for pattern in ("src/**/*.c", "ui/**/*.ui") for name in glob.glob(pattern, root_dir=SOURCE, recursive=True)]
        self.assertGreater(len(names), 50)
        missing = sorted(name for name in names if has_text(name) and name not in self.listed)
        self.assertEqual(missing, [], "have text for people: add them to po/POTFILES.in")

    def test_nothing_gone_or_twice(self):
        self.assertEqual([name for name in self.listed if not os.path.exists(os.path.join(SOURCE, name))], [])
        self.assertEqual(len(self.listed), len(set(self.listed)))


if __name__ == "__main__":
    unittest.main(verbosity=2)

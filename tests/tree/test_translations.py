"""Test of the translations: a language of po/LINGUAS has every text for people, and none that waits to be looked at.
SPDX-License-Identifier: GPL-3.0-or-later"""
import os
import subprocess
import tempfile
import unittest

SOURCE = os.environ["BITSTAIR_SOURCE"]
# as the target bitstair-update-po calls it: meson's preset glib
KEYWORDS = ["_", "N_", "C_:1c,2", "NC_:1c,2", "g_dcgettext:2", "g_dngettext:2,3", "g_dpgettext2:2c,3"]
FLAGS = ["N_:1:pass-c-format", "C_:2:pass-c-format", "NC_:2:pass-c-format", "g_dngettext:2:pass-c-format"]


def gettext(tool, *arguments):
    return subprocess.run([tool, *arguments], check=True, capture_output=True, text=True, cwd=SOURCE, env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""})


def languages():
    with open(os.path.join(SOURCE, "po/LINGUAS"), encoding="utf-8") as file:
        return [word for line in file if not line.startswith("#") for word in line.split()]


class Translations(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.template, self.merged = (os.path.join(folder.name, name) for name in ("bitstair.pot", "merged.po"))
        gettext("xgettext", "--files-from=po/POTFILES.in", "--from-code=UTF-8", "--output=" + self.template,
                *("--keyword=" + word for word in KEYWORDS), *("--flag=" + flag for flag in FLAGS))

    def test_complete(self):
        self.assertIn("zh_CN", languages())
        for language in languages():
            with self.subTest(language):
                gettext("msgmerge", "--quiet", "--output-file=" + self.merged, "po/%s.po" % language, self.template)
                for what in "untranslated", "fuzzy":
                    left = gettext("msgattrib", "--" + what, "--no-obsolete", "--no-wrap", self.merged).stdout
                    header, _, entries = left.partition("\n\n")
                    self.assertEqual(entries, "", what + " in po/%s.po: run “meson compile bitstair-update-po” and translate these" % language)

    def test_sound(self):
        "placeholders and plural forms are those of the original"
        for language in languages():
            gettext("msgfmt", "--check", "--output-file=" + os.devnull, "po/%s.po" % language)


if __name__ == "__main__":
    unittest.main(verbosity=2)

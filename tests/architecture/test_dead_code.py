"""E-a: nothing stays that nobody calls; what only a test calls is dead as well."""

import pytest

from tests.architecture import dead_code

PLANTED = {
    "def gone(): pass": ["function gone"],
    "def used(): pass\nused()": [],
    "class Gone: pass": ["class Gone"],
    "class Used:\n    def gone(self): pass\nUsed()": ["method gone"],
    "class Used:\n    @property\n    def gone(self): return 1\nUsed()": ["property gone"],
    "@shared_task\ndef seal(): pass": [],
    "def seal(): pass\nTASK = 'release.tasks.seal'": [],
    "def seal():\n    'How to seal it.'": ["function seal"],
    "def by_a_template(): pass": [],
    "class Answer:\n    lot = SerializerMethodField()\n    def get_lot(self, row): return row\nAnswer()": [],
}


@pytest.mark.parametrize("text", PLANTED)
def test_what_nobody_calls_is_found(text):
    findings = dead_code.unused({"sample.py": text}, {"by_a_template"})
    assert [description.partition(": ")[2] for _, description in findings] == PLANTED[text]


def test_what_only_a_test_calls_is_found():
    files = dead_code.product()
    assert not any(name.startswith("tests/") for name in files)
    files["release/planted.py"] = "def planted_for_a_test(): pass"
    assert ("release/planted.py", "release/planted.py:1: function planted_for_a_test") in dead_code.unused(files, set())


def test_every_name_of_the_tables_is_needed():
    unused = {description.rpartition(" ")[2] for _, description in dead_code.unused(dead_code.product(), set())}
    assert dead_code.named_in_tables() - unused == set()

"""E-a: the demonstration says whether its main job was done, and never calls half a story a whole one."""

from gatekeeper.demo import story


def test_a_story_that_was_broken_off_is_a_failure_and_says_what_to_do(people, monkeypatch, capsys):
    monkeypatch.setenv("GATEKEEPER_SITE", "http://127.0.0.1:8000")
    assert story.run() == 1
    assert "make demo-reset begins anew" in capsys.readouterr().out

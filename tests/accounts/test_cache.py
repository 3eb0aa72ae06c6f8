"""E-d: who may do what is answered from the rows as they stand, also where an answer is kept."""

from gatekeeper.accounts.cache import VersionedCache


def test_a_value_is_made_once_a_version():
    cache, made = VersionedCache[str, int](most=9), []

    def make():
        made.append(len(made))
        return made[-1]

    assert [cache.get_or_make("a", version, make) for version in ("1", "1", "2", "2")] == [0, 0, 1, 1]
    assert cache.get("a", "1") is None


def test_a_discarded_value_is_made_again():
    cache = VersionedCache[str, int](most=9)
    cache.put("a", 1)
    cache.discard("a")
    cache.discard("b")
    assert cache.get("a") is None


def test_it_never_holds_more_than_it_may():
    cache = VersionedCache[int, int](most=3)
    for key in range(10):
        cache.put(key, key)
        assert len(cache) <= 3
    assert cache.get(9) == 9


def test_another_database_has_values_of_its_own(monkeypatch):
    from django.db import connection

    cache = VersionedCache[str, int](most=9)
    cache.put("a", 1)
    monkeypatch.setitem(connection.settings_dict, "NAME", "another")
    assert cache.get("a") is None

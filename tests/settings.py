"""The service's own settings, with a secret and a Redis port for tests: nothing is started by reading them."""

import os

from gatekeeper.demo.embedded import free_port

os.environ.setdefault("SECRET_KEY", "tests-only-" + "0123456789abcdef" * 4)
# Processes that test side by side inherit what the first one set: each has a Redis of its own all the same.
REDIS_IS_OURS = os.environ.get("REDIS_URL") == os.environ.get("REDIS_URL_OF_TESTS")
REDIS_PORT = free_port()
if REDIS_IS_OURS:
    os.environ["REDIS_URL"] = os.environ["REDIS_URL_OF_TESTS"] = f"redis://127.0.0.1:{REDIS_PORT}/0"

from gatekeeper.settings import *  # noqa: E402, F403 - the one place that takes all of the settings

STATIC_ROOT = None  # nothing is collected for tests; whitenoise warns of a missing folder, and warnings are errors
WHITENOISE_AUTOREFRESH = True  # a file is looked for when it is asked for: each test's client would read all of them
PASSWORD_HASHERS = ["tests.hashing.QuickArgon2", "django.contrib.auth.hashers.Argon2PasswordHasher"]

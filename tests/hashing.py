"""Argon2 as in production, with the smallest memory: each signature in a test re-authenticates its signer."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 64
    parallelism = 1

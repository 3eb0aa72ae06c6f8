"""People, sites, roles, qualifications and service tokens. Nobody is ever deleted, no name is ever reused."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.history import History


class Site(models.Model):
    """A place of manufacture or testing; ``timezone`` is its IANA name."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2)
    timezone = models.CharField(max_length=60)
    history = History()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class People(BaseUserManager["Person"]):
    """Finds people by their name; there is no way to create or delete one here: see actions.people."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        """Return the person of this name, upper and lower case alike."""
        return self.get(username__iexact=username)


class Person(AbstractBaseUser):
    """A person or a machine that can act. The name is unique for ever, the account is disabled, never deleted."""

    class Kind(models.TextChoices):
        HUMAN: Any = "human", _("person")
        MACHINE: Any = "machine", _("machine")

    last_login = None  # a log-in is an event of its own, not a change of the person
    username = models.CharField(max_length=60)
    full_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.HUMAN)
    language = models.CharField(max_length=10, default="en")
    is_active = models.BooleanField(default=True)
    identity_checked_at = models.DateTimeField(null=True, blank=True)  # 21 CFR 11.100(b)
    identity_checked_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    password_changed_at = models.DateTimeField(null=True, blank=True)  # empty: still the one given at enrolment
    accountability_accepted_at = models.DateTimeField(null=True, blank=True)  # 21 CFR 11.10(j)
    history = History(excluded_fields=["password"])

    objects = People()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["full_name"]
    evidence_redacts = ("password",)  # the log holds its digest only

    class Meta:
        ordering = ["full_name"]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="person_username_unique_for_ever"),
            models.CheckConstraint(
                condition=Q(identity_checked_at__isnull=True, identity_checked_by__isnull=True)
                | Q(identity_checked_at__isnull=False, identity_checked_by__isnull=False),
                name="person_identity_checked_at_and_by",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    def check_password(self, raw_password: str) -> bool:
        """Return whether this is the password; unlike Django's, never rewrites the hash (a write needs an action)."""
        return check_password(raw_password, self.password)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return False: authority is by role and site, see queries.authority_of."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Return False: there is no model-wide authority."""
        return False


class Role(models.Model):
    """A named set of permissions; roles are data (data/roles.toml ships the first ones)."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    permissions = ArrayField(models.CharField(max_length=60))
    history = History()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """A person holds a role at a site from a day until a day (inclusive; open when empty)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="assignments")
    role = models.ForeignKey(Role, models.PROTECT, related_name="assignments")
    site = models.ForeignKey(Site, models.PROTECT, related_name="assignments")
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    history = History()

    class Meta:
        ordering = ["person", "site", "role", "from_date"]
        constraints = [
            models.UniqueConstraint("person", "role", "site", "from_date", name="assignment_once"),
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gte=F("from_date")),
                name="assignment_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.role} · {self.site}"


class Qualification(models.Model):
    """A person's training for a procedure, in force from a day until it expires."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="qualifications")
    procedure = models.CharField(max_length=60)
    from_date = models.DateField()
    expiry_date = models.DateField()
    granted_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    history = History()

    class Meta:
        ordering = ["person", "procedure"]
        constraints = [
            models.UniqueConstraint("person", "procedure", "from_date", name="qualification_once"),
            models.CheckConstraint(condition=Q(expiry_date__gte=F("from_date")), name="qualification_dates_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.procedure}"


class ServiceToken(models.Model):
    """A credential of a machine: hashed, scoped, bound to a site, expiring. It can record, never sign."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="tokens")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=12, unique=True)
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=60))
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    issued_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()
    history = History(excluded_fields=["sha256"])
    evidence_redacts = ("sha256",)

    class Meta:
        ordering = ["prefix"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="token_revoked_at_and_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… · {self.person}"


class AccessEvent(models.Model):
    """A log-in, lock, failed log-in or failed signing: recorded at once, never changed. 21 CFR 11.300(d)."""

    class Kind(models.TextChoices):
        LOGGED_IN: Any = "logged_in", _("logged in")
        LOGGED_OUT: Any = "logged_out", _("logged out")
        LOCKED: Any = "locked", _("screen locked")
        UNLOCKED: Any = "unlocked", _("screen unlocked")
        LOG_IN_FAILED: Any = "log_in_failed", _("log-in failed")
        PROVED: Any = "proved", _("identity proved")
        SIGNING_FAILED: Any = "signing_failed", _("signing failed")
        LOCKED_OUT: Any = "locked_out", _("locked out")

    append_only = True
    kind = models.CharField(max_length=20, choices=Kind)
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="access_events")
    username = models.CharField(max_length=60)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["username", "-at"])]

    def __str__(self) -> str:
        return f"{self.kind} · {self.username} · {self.at:%Y-%m-%d %H:%M}"

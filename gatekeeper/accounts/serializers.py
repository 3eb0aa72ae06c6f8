"""What people, roles and sites look like over REST: types are parsed here, nothing is judged."""

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request

from gatekeeper.accounts.actions.authentication import Credentials
from gatekeeper.accounts.actions.people import EnrolPerson
from gatekeeper.accounts.models import Assignment, Person, Qualification, Role, ServiceToken, Site


class SiteOutput(serializers.ModelSerializer[Site]):
    """A place of manufacture or testing."""

    class Meta:
        model = Site
        fields = ["code", "name", "country", "timezone"]


class SiteGiven(serializers.Serializer[Any]):
    """A site to be added; ``country`` is ISO 3166 alpha-2, ``timezone`` an IANA name."""

    code = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=120)
    country = serializers.CharField(max_length=2)
    timezone = serializers.CharField(max_length=60)


class RoleOutput(serializers.ModelSerializer[Role]):
    """A named set of permissions."""

    class Meta:
        model = Role
        fields = ["code", "name", "permissions"]


class AssignmentOutput(serializers.ModelSerializer[Assignment]):
    """A role that a person holds at a site; ``id`` names it where it is ended."""

    role = serializers.CharField(source="role.code")
    site = serializers.CharField(source="site.code")
    granted_by = serializers.CharField(source="granted_by.username")

    class Meta:
        model = Assignment
        fields = ["id", "role", "site", "from_date", "until_date", "granted_by", "granted_at"]


class AssignmentGiven(serializers.Serializer[Any]):
    """A role to be assigned; without ``until_date`` it stays open."""

    role = serializers.CharField(max_length=40)
    site = serializers.CharField(max_length=20)
    from_date = serializers.DateField()
    until_date = serializers.DateField(allow_null=True, default=None)


class ReasonGiven(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=400, allow_blank=True, default="")


class EndGiven(ReasonGiven):
    """The last day on which an assignment counts."""

    until_date = serializers.DateField()


class QualificationOutput(serializers.ModelSerializer[Qualification]):
    """Training for a procedure, with its expiry."""

    granted_by = serializers.CharField(source="granted_by.username")

    class Meta:
        model = Qualification
        fields = ["procedure", "from_date", "expiry_date", "granted_by", "granted_at"]


class QualificationGiven(serializers.Serializer[Any]):
    """Training to be recorded."""

    procedure = serializers.CharField(max_length=60, allow_blank=True, default="")
    from_date = serializers.DateField()
    expiry_date = serializers.DateField()


class PersonOutput(serializers.ModelSerializer[Person]):
    """A person or machine, with the roles that they hold, held or will hold at the reader's sites."""

    active = serializers.BooleanField(source="is_active")
    identity_checked_by = serializers.SlugRelatedField("username", read_only=True)
    assignments = AssignmentOutput(source="roles_here", many=True)
    qualifications = QualificationOutput(many=True)

    class Meta:
        model = Person
        fields = [
            "username",
            "full_name",
            "kind",
            "email",
            "language",
            "active",
            "identity_checked_at",
            "identity_checked_by",
            "password_changed_at",
            "accountability_accepted_at",
            "assignments",
            "qualifications",
        ]


class Attested(serializers.Serializer[Any]):
    """Both components of the second person, who has checked the identity."""

    identity_checked_by = serializers.CharField(max_length=60, write_only=True)
    password = serializers.CharField(max_length=200, write_only=True, trim_whitespace=False)

    def checker(self, request: Request) -> Credentials:
        """Return what the second person typed, with the address it came from."""
        data = self.validated_data
        return Credentials(data["identity_checked_by"], data["password"], request.META.get("REMOTE_ADDR", ""))


class PersonGiven(Attested):
    """A person or machine to be enrolled; a machine has no initial password."""

    username = serializers.CharField(max_length=60)
    full_name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(Person.Kind.choices, default=Person.Kind.HUMAN)
    email = serializers.EmailField(max_length=254, allow_blank=True, default="")
    language = serializers.ChoiceField(settings.LANGUAGES, default="en")
    initial_password = serializers.CharField(
        max_length=200, allow_blank=True, default="", trim_whitespace=False, write_only=True
    )

    def command(self) -> EnrolPerson:
        """Return the command that the form gives too."""
        own = ("username", "full_name", "kind", "email", "language", "initial_password")
        return EnrolPerson(**{name: self.validated_data[name] for name in own})


class LostPasswordGiven(Attested):
    """An initial password in place of a lost one."""

    initial_password = serializers.CharField(
        max_length=200, allow_blank=True, default="", trim_whitespace=False, write_only=True
    )
    reason = serializers.CharField(max_length=400, allow_blank=True, default="")


class TokenOutput(serializers.ModelSerializer[ServiceToken]):
    """A machine's token by its public part; its secret is kept nowhere."""

    site = serializers.CharField(source="site.code")
    issued_by = serializers.CharField(source="issued_by.username")
    revoked_by = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = ServiceToken
        fields = ["prefix", "site", "scopes", "issued_at", "issued_by", "expires_at", "revoked_at", "revoked_by"]


class TokenGiven(serializers.Serializer[Any]):
    """A token to be issued."""

    site = serializers.CharField(max_length=20)
    scopes = serializers.ListField(child=serializers.CharField(max_length=60), default=list)
    expires_at = serializers.DateTimeField()


class TokenIssued(TokenOutput):
    """A token with its text, for the only time."""

    token = serializers.CharField()

    class Meta(TokenOutput.Meta):
        fields = [*TokenOutput.Meta.fields, "token"]

"""Who may do what on the broker: derived from the topic pages, applied, and compared both ways.

A page's producers may write its topic and its consumers may read it; nobody may do anything else. A principal is a
process of ours (`intake`), an auditor's or officer's tool (`auditor`, `cli`), or a state body by its code (`MIA`).
Groups: a process has `jauap.<name>`, a body all that begin with `<CODE>.`, the public those with `public.` The
projector also has those that begin with `jauap.projector.`: one for each generation of tables, so that an older
release's goes on.
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from typing import Any, Literal, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it does not say that it exports them
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from jauap.domain.facts import Value
from jauap.messaging import principals
from jauap.messaging.connection import client_settings, parse
from jauap.messaging.topics import BODY, PREFIX, load, of_deployment

ANYONE = "anyone"
"""In a page: whoever has a login."""
EVERYBODY = "*"
"""The same for the broker."""
PUBLIC = "public"
"""Who has no login of its own: name and password are told to everybody."""
WITH_GENERATIONS = frozenset({"projector"})
"""The processes of ours whose groups carry the generation of what they keep."""
PATIENCE = 15.0
ITERATIONS = 8192
"""Of SCRAM: twice what the broker asks for at least."""
PASSWORD_BYTES = 32

Operation = Literal["read", "write", "describe"]


class Right(NamedTuple):
    """One thing that a principal may do."""

    principal: str
    """`*`: everybody who is logged in."""
    kind: Literal["topic", "group"]
    name: str
    operation: Operation
    prefixed: bool = False
    """Whether `name` is only how the names begin."""


class Drift(Value, frozen=True, kw_only=True):
    """One thing in which the broker differs from the pages and the list of bodies.

    missing: a right that is not on the broker. extra: one that no page gives. user-missing: a principal that can't log
    in. user-extra: a login that belongs to nobody. quota: a body's limits differ.
    """

    what: Literal["missing", "extra", "user-missing", "user-extra", "quota"]
    principal: str
    right: str | None = None
    """In words: read topic jauap.feed.MIA. Null: it is about a login or a limit."""
    wanted: str | None = None
    found: str | None = None


class Change(Value, frozen=True, kw_only=True):
    """What `apply` did."""

    what: Literal["given", "taken", "user-made", "limited", "unlimited"]
    principal: str
    right: str | None = None


class AccessError(Exception):
    """The broker did not answer, or did not do what it was asked to."""


def processes() -> tuple[str, ...]:
    """Our own principals, by name: every process and tool that a page names."""
    named = {name for page in load() for name in (page.owner, *page.producers, *page.consumers)}
    return tuple(sorted(named - {BODY, ANYONE, PUBLIC}))


def outside(granted: Collection[str]) -> frozenset[str]:
    """The principals that are not ours: bodies with access, and the public."""
    return frozenset({*granted, PUBLIC})


def rights(bodies: Collection[str]) -> frozenset[Right]:
    """All that principals may do in a deployment where these bodies have access. A pure function of the pages."""
    given = [Right(name, "group", f"{name}.", "read", prefixed=True) for name in outside(bodies)]
    for name in processes():
        given.append(Right(name, "group", f"{PREFIX}{name}", "read"))
        if name in WITH_GENERATIONS:
            given.append(Right(name, "group", f"{PREFIX}{name}.", "read", prefixed=True))
        # The client library looks for the coordinator of whatever group a reader names, even if it joins none.
        given.append(Right(name, "group", f"jauap-{name}", "describe", prefixed=True))
    for topic in of_deployment(bodies):
        given += [Right(name, "topic", topic.name, "write") for name in topic.producers]
        given += [Right(EVERYBODY if name == ANYONE else name, "topic", topic.name, "read") for name in topic.consumers]
        if topic.name.endswith(".commands"):  # who watches a service's commands asks how far its group is
            watching = set(topic.consumers) - {topic.owner}
            given += [Right(name, "group", f"{PREFIX}{topic.owner}", "describe") for name in watching]
    return frozenset(given)


def check(kafka: str, granted: Collection[str], known: Collection[str]) -> list[Drift]:
    """Where the broker and the pages differ, both ways. `known` are the bodies that have, or once had, access.

    `kafka` must be the administrator's, whose own login is nobody's too many. Raises AccessError and PrincipalsRefused.
    """
    limits = principals.limits(kafka)  # first: it says at once if the line is not the administrator's
    users = principals.logins(kafka)
    wanted, found = rights(granted), _found(_admin(kafka))
    drifts = [
        Drift(what="missing", principal=one.principal, right=in_words(one)) for one in sorted(wanted - found.keys())
    ]
    drifts += [
        Drift(what="extra", principal=one.principal, right=in_words(one))
        for one in sorted(found.keys() - wanted, key=str)
    ]
    asking = parse(kafka)
    needed = {*processes(), *outside(granted)}
    drifts += [Drift(what="user-missing", principal=name) for name in sorted(needed - users)]
    drifts += [
        Drift(what="user-extra", principal=name) for name in sorted(users - needed - {*known, asking and asking.user})
    ]
    for name in sorted({*outside(granted), *limits}):
        limit = principals.OF_A_BODY if name in outside(granted) else {}
        if limits.get(name, {}) != limit:
            drifts.append(
                Drift(what="quota", principal=name, wanted=_limits(limit), found=_limits(limits.get(name, {})))
            )
    return drifts


def apply(kafka: str, granted: Collection[str], known: Collection[str], password: Callable[[str], str]) -> list[Change]:
    """Make the broker agree: logins and rights that are missing, limits, and no right of ours too many.

    `known` are the bodies that have, or once had, access.

    A principal that can't log in gets the password that `password` gives for it; others keep theirs. What reaches our
    topics from elsewhere (a right on every topic, say) is not taken away: `check` shows it.

    Raises AccessError and PrincipalsRefused.
    """
    limits = principals.limits(kafka)  # first: it says at once if the line is not the administrator's
    users, admin = principals.logins(kafka), _admin(kafka)
    wanted, found = rights(granted), _found(admin)
    changes = []
    for name in sorted({*processes(), *outside(granted)} - users):
        set_password(kafka, name, password(name))
        changes.append(Change(what="user-made", principal=name))
    missing, ours = sorted(wanted - found.keys()), {*processes(), *outside(granted), *known}
    extra = [one for one in found.keys() - wanted if one.principal in ours or one.name.startswith((PREFIX, "jauap-"))]
    _wait(admin.create_acls([_binding(one) for one in missing], request_timeout=PATIENCE) if missing else {})
    if extra:
        _wait(admin.delete_acls([_filter(found[one]) for one in extra], request_timeout=PATIENCE))
    changes += [Change(what="given", principal=one.principal, right=in_words(one)) for one in missing]
    changes += [Change(what="taken", principal=one.principal, right=in_words(one)) for one in sorted(extra, key=str)]
    return changes + _limit(kafka, outside(granted), limits)


def set_password(kafka: str, principal: str, password: str) -> None:
    """Give a principal this password; one that it had before is good no more for new connections."""
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    change = UserScramCredentialUpsertion(principal, credential, password.encode())
    admin = _admin(kafka)  # named, so that it lives until it has answered
    _wait(admin.alter_user_scram_credentials([change], request_timeout=PATIENCE))


def new_password() -> str:
    """A password that nobody can guess."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def shut_out(kafka: str, body: str) -> None:
    """Give a body a password that nobody knows.

    Its login is not deleted: on Kafka 4.3.1 that broke the logins of others after a restart, in nine of thirteen tries.
    """
    set_password(kafka, body, new_password())


def in_words(right: Right) -> str:
    """A right as a person says it: read topic jauap.feed.MIA."""
    return f"{right.operation} {right.kind} {right.name}{'…' if right.prefixed else ''}"


def _limit(kafka: str, granted: Collection[str], limits: Mapping[str, Mapping[str, float]]) -> list[Change]:
    wanted: dict[str, dict[str, float]] = {name: {} for name in limits if name not in granted}
    wanted |= {name: principals.OF_A_BODY for name in granted if limits.get(name) != principals.OF_A_BODY}
    principals.limit(kafka, wanted, limits)
    return [Change(what="limited" if wanted[name] else "unlimited", principal=name) for name in sorted(wanted)]


def _limits(limits: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in sorted(limits.items())) or "none"


_KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
_OPERATIONS = {"read": AclOperation.READ, "write": AclOperation.WRITE, "describe": AclOperation.DESCRIBE}


def _binding(right: Right) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL
    principal, operation = f"User:{right.principal}", _OPERATIONS[right.operation]
    return AclBinding(_KINDS[right.kind], right.name, pattern, principal, "*", operation, AclPermissionType.ALLOW)


def _filter(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype, binding.name, binding.resource_pattern_type, binding.principal, binding.host,
        binding.operation, binding.permission_type,
    )  # fmt: skip


def _found(admin: AdminClient) -> dict[Right, AclBinding]:
    """Every access rule on the broker; one that no page could give (a denial, another kind) has a name of its own."""
    anything: Any = None
    everything = AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        anything,
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    try:
        bindings = admin.describe_acls(everything, request_timeout=PATIENCE).result()
    except KafkaException as error:
        raise AccessError(f"Kafka does not tell its access rules: {_words(error)}") from error
    return {_right(binding): binding for binding in bindings}


def _right(binding: AclBinding) -> Right:
    kind, operation = _word(binding.restype), _word(binding.operation)
    if binding.permission_type != AclPermissionType.ALLOW:
        operation = f"not {operation}"
    if binding.host != "*":
        operation = f"from {binding.host} {operation}"
    return Right(
        principal=binding.principal.removeprefix("User:"),
        kind=kind,  # type: ignore[arg-type] # another kind is none that a page gives
        name=binding.name,
        operation=operation,  # type: ignore[arg-type] # as above
        prefixed=binding.resource_pattern_type == ResourcePatternType.PREFIXED,
    )


def _word(value: object) -> str:
    return str(getattr(value, "name", value)).lower()


def _wait(futures: Mapping[Any, Future[Any]]) -> None:
    try:
        for future in futures.values():
            future.result()
    except KafkaException as error:
        raise AccessError(f"Kafka did not change its access rules: {_words(error)}") from error


def _admin(kafka: str) -> AdminClient:
    return AdminClient({**client_settings(kafka), "log_level": 0})


def _words(error: KafkaException) -> str:
    return str(error.args[0].str())

"""Topics and logins as resources of Strimzi, Kafka's operator on Kubernetes: from the same pages as everything else.

A body's login is none of them: a KafkaUser's name is its login, and Kubernetes allows no upper case in it, while a
body's login is its code (`MIA`), which groups, topics and documents go by. `jauap access` makes those.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from jauap.messaging import principals
from jauap.messaging.access import PUBLIC, Right, processes, rights
from jauap.messaging.topics import Deployment, Topic, of_deployment

API = "kafka.strimzi.io/v1"
"""Since Strimzi 0.49; the only one since 1.0."""
CLUSTER = "strimzi.io/cluster"
"""The label by which Strimzi knows which cluster a resource is for."""
ADMIN = "admin"
"""Who may everything, as the cluster's `superUsers` says."""

Resource = dict[str, Any]


def topics(deployment: Deployment, cluster: str) -> list[Resource]:
    """A KafkaTopic for each topic of a deployment, those of its bodies among them."""
    return [_topic(topic, deployment, cluster) for topic in of_deployment(deployment.bodies)]


def users(granted: Collection[str], cluster: str) -> list[Resource]:
    """A KafkaUser for each of our own principals, the public and the administrator, where these bodies have access.

    What everybody may do is not theirs: there is no KafkaUser for everybody, and `jauap access apply` gives it.
    """
    given: dict[str, list[Right]] = defaultdict(list)
    for right in sorted(rights(granted)):
        given[right.principal].append(right)
    ours = [_user(name, cluster, _authorization(given[name])) for name in sorted({*processes(), PUBLIC})]
    return [_user(ADMIN, cluster, {}), *ours]


def as_yaml(resources: Iterable[Resource]) -> str:
    """Resources as a file for kubectl."""
    return "---\n".join(msgspec.yaml.encode(one).decode() for one in resources)


def _authorization(given: Iterable[Right]) -> Resource:
    """A principal's rights, by what they are on."""
    on: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for right in given:
        on[right.kind, right.name, right.prefixed].append(right.operation.capitalize())
    acls = [
        {
            "resource": {"type": kind, "name": name, "patternType": "prefix" if prefixed else "literal"},
            "operations": operations,
        }
        for (kind, name, prefixed), operations in on.items()
    ]
    return {"authorization": {"type": "simple", "acls": acls}}


def _topic(topic: Topic, deployment: Deployment, cluster: str) -> Resource:
    name = topic.name.lower()
    return {
        "apiVersion": API,
        "kind": "KafkaTopic",
        "metadata": {"name": name, "labels": {CLUSTER: cluster}},
        "spec": {
            **({} if name == topic.name else {"topicName": topic.name}),
            "partitions": deployment.partitions_of(topic),
            "replicas": deployment.replication,
            "config": deployment.settings_of(topic),
        },
    }


def _user(name: str, cluster: str, authorized: Resource) -> Resource:
    return {
        "apiVersion": API,
        "kind": "KafkaUser",
        "metadata": {"name": name, "labels": {CLUSTER: cluster}},
        "spec": {"authentication": {"type": "scram-sha-512"}, **authorized, **(_QUOTAS if name == PUBLIC else {})},
    }


_QUOTAS = {
    "quotas": {
        "consumerByteRate": int(principals.OF_A_BODY["consumer_byte_rate"]),
        "producerByteRate": int(principals.OF_A_BODY["producer_byte_rate"]),
        "requestPercentage": int(principals.OF_A_BODY["request_percentage"]),
    }
}

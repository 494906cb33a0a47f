"""deploy/kubernetes: rendered by kubectl, judged by schemas and checkov, and held against the processes themselves."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from jauap.bodies import BodyList
from jauap.cli.main import app
from jauap.messaging import connection, strimzi
from jauap.messaging.access import EVERYBODY, PUBLIC, processes, rights
from jauap.messaging.topics import of_deployment
from tests.deploy import tools
from tests.deploy.judge import faults
from tests.deploy.tools import Manifest

ROOT = Path(__file__).parents[2]
OVERLAYS = ROOT / "deploy/kubernetes/overlays"
DEPLOYMENTS = {
    "production": [],
    "trial": ["--partitions", "4", "--replication", "1", "--min-insync", "1"],
}
GENERATED = {
    f"{name}/{file}": ["jauap", command, "kubernetes", *numbers, "--bodies-file", f"{name}/bodies.json"]
    for name, told in DEPLOYMENTS.items()
    for file, command, numbers in (("topics.yaml", "topics", told), ("users.yaml", "access", []))
}
SERVICES = {folder.parent.name for folder in ROOT.glob("services/*/__main__.py")}
WORKLOADS = ("Deployment", "StatefulSet", "Job")
REGISTRY = "registry"
FORBIDDEN = (
    "listeners", "advertised.", "broker.", "listener.", "inter.broker.listener.name", "sasl.", "ssl.", "security.",
    "password.", "log.dir", "authorizer.", "super.user", "node.id", "process.roles", "controller.", "metadata.log.dir",
)  # fmt: skip
"""How settings of brokers begin that Strimzi keeps to itself (KafkaClusterSpec.FORBIDDEN_PREFIXES of 1.2.0)."""

pytestmark = pytest.mark.kafka  # it downloads, as what starts the broker does


@pytest.fixture(scope="module")
def deployments() -> dict[str, list[Manifest]]:
    """What would be sent to a cluster."""
    return {name: tools.render(tools.kubectl(), OVERLAYS / name) for name in DEPLOYMENTS}


@pytest.fixture(params=DEPLOYMENTS)
def rendered(deployments: dict[str, list[Manifest]], request: pytest.FixtureRequest) -> list[Manifest]:
    """Each of them."""
    return deployments[request.param]


# --- made from the pages ---


@pytest.mark.parametrize("file", GENERATED)
def test_topics_and_users_are_up_to_date(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in an overlay is what topic pages, rights and its list of bodies say now."""
    monkeypatch.chdir(OVERLAYS)
    made = CliRunner().invoke(app, GENERATED[file][1:])
    assert made.exit_code == 0, made.output
    if made.stdout != (OVERLAYS / file).read_text():
        pytest.fail(f"Out of date: cd {OVERLAYS}; {' '.join(GENERATED[file])} > {file}", pytrace=False)


def test_users_have_every_right_and_no_other() -> None:
    """Read back, the resources say what `jauap access apply` would give; bodies and everybody have none of them."""
    bodies = ["MIA", "SUPREME-COURT"]
    said = {
        (user["metadata"]["name"], on["type"], on["name"], operation.lower(), on["patternType"] == "prefix")
        for user in strimzi.users(bodies, "jauap")
        for acl in user["spec"].get("authorization", {}).get("acls", [])
        for on in [acl["resource"]]
        for operation in acl["operations"]
    }
    assert said == {tuple(right) for right in rights(bodies) if right.principal not in {EVERYBODY, *bodies}}
    limited = {user["metadata"]["name"] for user in strimzi.users(bodies, "jauap") if "quotas" in user["spec"]}
    assert limited == {PUBLIC}


def test_every_topic_has_a_name_that_kubernetes_takes(rendered: list[Manifest]) -> None:
    """A body's topics keep their upper case for Kafka."""
    bodies = BodyList(_bodies_file(rendered)).with_topics()
    found = {one["spec"].get("topicName", one["metadata"]["name"]): one for one in _of_kind(rendered, "KafkaTopic")}
    assert found.keys() == {topic.name for topic in of_deployment(bodies)}
    names = [one["metadata"]["name"] for one in found.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name) for name in names)


# --- schemas ---


def test_the_schemas_have_nothing_against_it(deployments: dict[str, list[Manifest]]) -> None:
    """Kubernetes' own, of the oldest and newest version that is meant, and Strimzi's."""
    judged: list[Manifest] = []
    for whole in deployments.values():
        judged += [one for one in whole if one not in judged]
    assert faults(judged) == []


def _misspelt(whole: list[Manifest]) -> Manifest:
    found = _named(whole, "StatefulSet", "intake")
    _container(found)["readynessProbe"] = _container(found).get("readinessProbe")
    return found


def _at_the_wrong_place(whole: list[Manifest]) -> Manifest:
    found = _named(whole, "Deployment", "documents")
    _pod(found)["readOnlyRootFilesystem"] = True
    return found


def _no_number(whole: list[Manifest]) -> Manifest:
    found = _named(whole, "StatefulSet", "post")
    found["spec"]["replicas"] = "one"
    return found


def _old_version(whole: list[Manifest]) -> Manifest:
    found = _named(whole, "PodDisruptionBudget", "intake")
    found["apiVersion"] = "policy/v1beta1"
    return found


def _unknown_to_strimzi(whole: list[Manifest]) -> Manifest:
    found = _named(whole, "KafkaTopic", "jauap.public")
    found["spec"]["retention"] = "for ever"
    return found


def _no_such_operation(whole: list[Manifest]) -> Manifest:
    found = _named(whole, "KafkaUser", "intake")
    found["spec"]["authorization"]["acls"][0]["operations"] = ["Peek"]
    return found


def _no_such_listener(whole: list[Manifest]) -> Manifest:
    found = _named(whole, "Kafka", "jauap")
    found["spec"]["kafka"]["listeners"][0]["tsl"] = True
    return found


@pytest.mark.parametrize(
    "harm",
    [
        _misspelt,
        _at_the_wrong_place,
        _no_number,
        _old_version,
        _unknown_to_strimzi,
        _no_such_operation,
        _no_such_listener,
    ],
)
def test_the_schemas_find_what_is_wrong(
    deployments: dict[str, list[Manifest]], harm: Callable[[list[Manifest]], Manifest]
) -> None:
    """They are not silent because they judge nothing."""
    assert faults([harm(copy.deepcopy(deployments["production"]))])


# --- policy ---

NOT_ASKED = {
    "CKV_K8S_43": "which digest an image has is known where it was built: the ministry's overlay names it",
    "CKV_K8S_15": "what is there is what is named: a registry that is away must not keep a process from starting again",
}


def _without(*path: str) -> Callable[[Manifest], None]:
    def harm(workload: Manifest) -> None:
        found = _pod(workload) if path[0] == "pod" else _container(workload)
        for step in path[1:-1]:
            found = found.get(step, {})
        found.pop(path[-1], None)

    return harm


def _with(path: tuple[str, ...], value: object) -> Callable[[Manifest], None]:
    def harm(workload: Manifest) -> None:
        found = _pod(workload) if path[0] == "pod" else _container(workload)
        for step in path[1:-1]:
            found = found.setdefault(step, {})
        found[path[-1]] = value

    return harm


HARMS: dict[str, Callable[[Manifest], None]] = {
    "no security context": _without("container", "securityContext"),
    "writable root": _without("container", "securityContext", "readOnlyRootFilesystem"),
    "capabilities kept": _without("container", "securityContext", "capabilities"),
    "more privileges": _with(("container", "securityContext", "allowPrivilegeEscalation"), value=True),
    "privileged": _with(("container", "securityContext", "privileged"), value=True),
    "root": _with(("pod", "securityContext"), {"runAsUser": 0}),
    "any system call": _without("pod", "securityContext", "seccompProfile"),
    "token": _without("pod", "automountServiceAccountToken"),
    "not asked whether ready": _without("container", "readinessProbe"),
    "not asked whether alive": _without("container", "livenessProbe"),
    "no limits": _without("container", "resources", "limits"),
    "no requests": _without("container", "resources"),
    "the node's network": _with(("pod", "hostNetwork"), value=True),
    "latest": _with(("container", "image"), "jauap:latest"),
    "a secret in the environment": _with(
        ("container", "env"),
        [{"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}}],
    ),
}


@pytest.fixture(scope="module")
def judged(deployments: dict[str, list[Manifest]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What checkov says of each deployment, and of one process harmed in each way: by file, in one run."""
    folder = tmp_path_factory.mktemp("judged")
    for name, whole in deployments.items():
        _write(folder / f"{name}.yaml", [one for one in whole if not one["apiVersion"].startswith("kafka.")])
    for number, harm in enumerate(HARMS.values()):
        harmed = copy.deepcopy(_named(deployments["production"], "StatefulSet", "intake"))
        harm(harmed)
        _write(folder / f"{number}.yaml", [harmed])
    found: dict[str, list[str]] = {}
    for file, resource, check in tools.checkov(folder, NOT_ASKED):
        found.setdefault(Path(file).stem, []).append(f"{resource}: {check}")
    return found


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_policy_checker_has_nothing_against_it(judged: dict[str, list[str]], name: str) -> None:
    """But for what is not asked, with the reason of each."""
    assert judged.get(name, []) == []


@pytest.mark.parametrize("harm", HARMS)
def test_the_policy_checker_finds_what_is_wrong(judged: dict[str, list[str]], harm: str) -> None:
    """It is not silent because it judges nothing."""
    assert judged.get(str(list(HARMS).index(harm)))


# --- the processes themselves ---


def test_every_process_runs_by_its_own_login(rendered: list[Manifest]) -> None:
    """Each service of this release is there, reaches Kafka as itself, and sees no other's password."""
    workloads = {one["metadata"]["name"]: one for one in _workloads(rendered)}
    assert workloads.keys() == {*SERVICES, "apply"}
    for name, workload in workloads.items():
        command = ["jauap", "apply"] if name == "apply" else [f"services.{name}"]
        assert _container(workload)["args"] == command
        login = connection.parse(_environment(workload, rendered)["JAUAP_KAFKA"])
        assert login is not None
        assert login.protocol == "sasl_ssl"
        assert login.user == ("admin" if name == "apply" else name)
        secrets = {each for each in _secrets(workload) if each.startswith("kafka-")}
        assert secrets == {f"kafka-{login.user}"}
    users = {one["metadata"]["name"] for one in _of_kind(rendered, "KafkaUser")}
    assert users == {*processes(), PUBLIC, "admin"}


def test_every_process_says_how_it_is(rendered: list[Manifest]) -> None:
    """Ready decides whether it is counted on, alive whether it is ended; a stop may take half a minute."""
    for workload in _workloads(rendered):
        assert _pod(workload)["terminationGracePeriodSeconds"] == 30
        if workload["kind"] == "Job":
            continue
        container = _container(workload)
        health = ["python", "-m", "jauap.health"]
        assert container["readinessProbe"]["exec"]["command"] == health
        assert container["livenessProbe"]["exec"]["command"] == [*health, "--alive"]
        assert container["startupProbe"]["exec"]["command"] == [*health, "--alive"]
        assert _environment(workload, rendered)["JAUAP_READY_FILE"] == "/tmp/ready"  # noqa: S108 - the container's own


def test_settings_are_known_and_secrets_are_files(rendered: list[Manifest]) -> None:
    """Each variable is one that docs/reference/settings.md has, and each file that one names is mounted."""
    documented = set(re.findall(r"`(JAUAP_[A-Z_]+|TMPDIR)`", (ROOT / "docs/reference/settings.md").read_text()))
    for workload in _workloads(rendered):
        settings = _environment(workload, rendered)
        assert settings.keys() <= documented, workload["metadata"]["name"]
        assert not any("PASSWORD" in name and not name.endswith("_FILE") for name in settings)
        mounts = [f"{mount['mountPath']}/" for mount in _container(workload)["volumeMounts"]]
        for value in settings.values():
            for file in re.findall(r"(?:^|=)(/(?:run|etc|var|tmp)\b[^&]*)", value):
                assert any(f"{file}/".startswith(mount) for mount in mounts), (workload["metadata"]["name"], file)


def test_nothing_is_written_but_where_it_may(rendered: list[Manifest]) -> None:
    """What is in memory is small; documents that come in wait on a disk."""
    for workload in _workloads(rendered):
        kept = {one["name"]: one["emptyDir"] for one in _pod(workload)["volumes"] if "emptyDir" in one}
        assert kept.pop("tmp") == {"medium": "Memory", "sizeLimit": "64Mi"}
        documents = workload["metadata"]["name"] == "documents"
        assert kept == ({"incoming": {"sizeLimit": "8Gi"}} if documents else {})
        assert ("TMPDIR" in _environment(workload, rendered)) == documents


def test_a_node_may_be_emptied(rendered: list[Manifest]) -> None:
    """For each that runs on there is a budget that lets one go at a time."""
    for workload in [*_workloads(rendered), _named(rendered, "Deployment", REGISTRY)]:
        if workload["kind"] != "Job":
            budget = _named(rendered, "PodDisruptionBudget", workload["metadata"]["name"])["spec"]
            assert budget["maxUnavailable"] == 1
            assert _selects(budget["selector"], _labels(workload))


REACHES = {
    "names": {*SERVICES, "apply", REGISTRY},
    "to-kafka": {*SERVICES, "apply"},
    "to-registry": {*SERVICES, "apply"} - {"projector"},
    "to-database": {"projector", "post", "apply", REGISTRY},
    "to-document-store": {"intake", "routing", "deadlines", "publication", "documents"},
    "to-people": {"post"},
}
REACHED = {"registry": {REGISTRY}, "documents": {"documents"}}


def test_nobody_reaches_what_it_does_not_need(rendered: list[Manifest]) -> None:
    """Everything is denied, both ways, and each policy opens one way for those whose settings name what lies there."""
    policies = {one["metadata"]["name"]: one["spec"] for one in _of_kind(rendered, "NetworkPolicy")}
    deny = policies.pop("deny")
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    labels = {one["metadata"]["name"]: _labels(one) for one in rendered if one["kind"] in WORKLOADS}
    for direction, said in (("Egress", REACHES), ("Ingress", REACHED)):
        found = {
            name: {pod for pod, has in labels.items() if _selects(policy["podSelector"], has)}
            for name, policy in policies.items()
            if policy["policyTypes"] == [direction] and not _is_of_kafka(policy)
        }
        assert found == said
        assert all(rule["ports"] for name in found for rule in policies[name][direction.lower()])
    for way, setting in (("registry", "REGISTRY"), ("database", "DATABASE"), ("document-store", "DOCUMENTS")):
        told = {
            one["metadata"]["name"] for one in _workloads(rendered) if f"JAUAP_{setting}" in _environment(one, rendered)
        }
        assert told == REACHES[f"to-{way}"] - {REGISTRY}


# --- Kafka ---


def test_the_log_is_kept(rendered: list[Manifest]) -> None:
    """No record is lost by a broker, a slip, or a resource that somebody deletes."""
    spec = _named(rendered, "Kafka", "jauap")["spec"]
    pool = _named(rendered, "KafkaNodePool", "brokers")["spec"]
    config = spec["kafka"]["config"]
    copies = {one["spec"]["replicas"] for one in _of_kind(rendered, "KafkaTopic")}
    in_sync = {int(one["spec"]["config"]["min.insync.replicas"]) for one in _of_kind(rendered, "KafkaTopic")}
    assert (copies, in_sync) == ({config["default.replication.factor"]}, {config["min.insync.replicas"]})
    assert copies == {pool["replicas"]}
    told = _environment(_named(rendered, "Job", "apply"), rendered)
    assert ({int(told["JAUAP_REPLICATION"])}, {int(told["JAUAP_MIN_INSYNC"])}) == (copies, in_sync)
    partitions = {one["spec"]["partitions"] for one in _of_kind(rendered, "KafkaTopic")}
    assert partitions == {1, int(told["JAUAP_PARTITIONS"])}
    for name in ("auto.create.topics.enable", "delete.topic.enable", "unclean.leader.election.enable"):
        assert config[name] == "false"
    assert not any(name.startswith(FORBIDDEN) for name in config)
    assert not any(volume["deleteClaim"] for volume in pool["storage"]["volumes"])


def test_nobody_comes_to_kafka_without_a_login(rendered: list[Manifest]) -> None:
    """Every listener asks for one, over TLS; no right is there unless given; bodies' logins are left alone."""
    spec = _named(rendered, "Kafka", "jauap")["spec"]
    for listener in spec["kafka"]["listeners"]:
        assert listener["tls"] is True
        assert listener["authentication"] == {"type": "scram-sha-512"}
    assert spec["kafka"]["authorization"] == {"type": "simple", "superUsers": [strimzi.ADMIN]}
    assert spec["kafka"]["config"]["allow.everyone.if.no.acl.found"] == "false"
    [pattern] = [
        one["value"]
        for one in spec["entityOperator"]["template"]["userOperatorContainer"]["env"]
        if one["name"] == "STRIMZI_IGNORED_USERS_PATTERN"
    ]
    left_alone = [*BodyList(None).codes(), EVERYBODY]
    assert all(re.search(pattern, name) for name in left_alone)
    assert not any(re.search(pattern, name) for name in (*processes(), PUBLIC, "admin"))


def _of_kind(whole: list[Manifest], kind: str) -> Iterator[Manifest]:
    return (one for one in whole if one["kind"] == kind)


def _named(whole: list[Manifest], kind: str, name: str) -> Manifest:
    [found] = [one for one in _of_kind(whole, kind) if one["metadata"]["name"] == name]
    return found


def _workloads(whole: list[Manifest]) -> list[Manifest]:
    """Those of our image."""
    return [one for one in whole if one["kind"] in WORKLOADS and one["metadata"]["name"] != REGISTRY]


def _pod(workload: Manifest) -> Manifest:
    found: Manifest = workload["spec"]["template"]["spec"]
    return found


def _labels(workload: Manifest) -> dict[str, str]:
    found: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return found


def _container(workload: Manifest) -> Manifest:
    [found] = _pod(workload)["containers"]
    assert isinstance(found, dict)
    return found


def _environment(workload: Manifest, whole: list[Manifest]) -> dict[str, str]:
    """The variables of a process, those of its ConfigMaps among them."""
    container = _container(workload)
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        found |= _named(whole, "ConfigMap", source["configMapRef"]["name"])["data"]
    for one in container["env"]:
        assert one.keys() == {"name", "value"} or one["valueFrom"].keys() == {"fieldRef"}
        found[one["name"]] = one.get("value", "")
    return found


def _secrets(workload: Manifest) -> Iterator[str]:
    for volume in _pod(workload)["volumes"]:
        if "secret" in volume:
            yield volume["secret"]["secretName"]
        yield from (one["secret"]["name"] for one in volume.get("projected", {}).get("sources", []))


def _bodies_file(whole: list[Manifest]) -> Path:
    content = json.loads(_named(whole, "ConfigMap", "bodies")["data"]["bodies.json"])
    [found] = [file for file in OVERLAYS.glob("*/bodies.json") if json.loads(file.read_text()) == content]
    return found


def _selects(selector: Manifest, labels: dict[str, str]) -> bool:
    held = [labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()]
    for one in selector.get("matchExpressions", []):
        within = labels.get(one["key"]) in one["values"]
        held.append(within if one["operator"] == "In" else not within)
    return all(held)


def _is_of_kafka(policy: Manifest) -> bool:
    return "strimzi.io/name" in policy["podSelector"].get("matchLabels", {})


def _write(file: Path, resources: list[Any]) -> None:
    file.write_text("---\n".join(msgspec.yaml.encode(one).decode() for one in resources))

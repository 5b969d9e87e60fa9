"""`services.yaml`: what its types cannot say about a service."""

from __future__ import annotations

import re

from harness.load.check import CheckRules
from harness.load.node import ListNode, MapNode, Node, ScalarNode, at
from harness.load.placeholder import Placeholders
from harness.load.problem import choose, shown
from harness.load.walk import Walk
from harness.model.spec import Readiness, Service

_PROBES = ("http", "tcp", "log", "file")


def names_and_ports(root: Node | None) -> dict[str, list[str]]:
    """Each service's name and ports, as far as a file can be read, right or wrong.

    A file with a problem in it must not make every reference to its services look wrong.
    """
    if root is None:
        return {}
    services = at(root, "services")
    if services is root or not isinstance(services, MapNode):
        return {}
    found: dict[str, list[str]] = {}
    for key, service in services.pairs:
        ports = service.get("ports") if isinstance(service, MapNode) else None
        items = ports.items if isinstance(ports, ListNode) else []
        found[key.text] = [one.text for one in items if isinstance(one, ScalarNode)]
    return found


def examine_services(
    services: dict[str, Service],
    root: Node,
    walk: Walk,
    rules: CheckRules,
    placeholders: Placeholders,
) -> None:
    """Note every problem in well-typed services."""
    for name, service in services.items():
        node = at(root, "services", name)
        rules.requires(service.requires, at(node, "requires"), walk, [{}])
        for index, need in enumerate(service.needs):
            if need not in services:
                walk.problem(
                    at(node, "needs", index),
                    f"no service is called {shown(need)}",
                    choose(need, [one for one in services if one != name]),
                )
        for path, value in (("cwd", service.cwd), ("ready", service.ready.file)):
            if value.startswith(("/", "~")) or ".." in value.split("/"):
                walk.problem(
                    at(node, path) if path == "cwd" else at(node, "ready", "file"),
                    f"the path {shown(value)} leaves its folder",
                    "write it relative, without ..",
                )
        _readiness(service.ready, service.ports, at(node, "ready"), walk)
        if isinstance(node, MapNode):
            placeholders.verify_service(name, node, walk)
    _cycle(services, root, walk)


def _readiness(ready: Readiness, ports: list[str], node: Node, walk: Walk) -> None:
    given = [name for name in _PROBES if getattr(ready, name)]
    if len(given) != 1:
        walk.problem(
            node,
            f"{' and '.join(given)} are given" if given else "no readiness probe is given",
            f"give exactly one of {', '.join(_PROBES)}",
        )
    port = ready.tcp or ready.http.partition("/")[0]
    if port and port not in ports:
        walk.problem(
            at(node, "tcp" if ready.tcp else "http"),
            f"the service has no port {shown(port)}",
            choose(port, ports, otherwise="name it under ports"),
        )
    if ready.http and not ports:
        walk.problem(at(node, "http"), "the service has no port to ask", "name one under ports")
    if ready.http and "/" not in ready.http:
        walk.problem(
            at(node, "http"), f"{shown(ready.http)} has no path", "write /path or PORT/path"
        )
    if ready.log:
        try:
            re.compile(ready.log)
        except re.error as error:
            walk.problem(at(node, "log"), f"not a regular expression: {error}", "mend the pattern")


def _cycle(services: dict[str, Service], root: Node, walk: Walk) -> None:
    settled: set[str] = set()
    for start in services:
        trail = [start]
        while trail:
            needs = [need for need in services[trail[-1]].needs if need in services]
            ahead = next((need for need in needs if need not in settled), None)
            if ahead is None:
                settled.add(trail.pop())
            elif ahead in trail:
                members = [*trail[trail.index(ahead) :], ahead]
                walk.problem(
                    at(root, "services", trail[-1], "needs"),
                    f"services need one another in a circle: {' -> '.join(members)}",
                    "remove one of these needs",
                )
                settled.update(trail)
                break
            else:
                trail.append(ahead)

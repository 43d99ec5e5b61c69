"""The stand-in as a process, to try on it what is meant for a real cluster, such as `make test-kubernetes`.

`python -m tests.kubernetes_server KUBECONFIG` writes that file and serves until it is ended; `--nodes 0` has none, and
the kubelets of `--fake` only say of every pod that it runs.
"""

import argparse
import asyncio
from pathlib import Path

import yaml

from tests.kubernetes_server.objects import node
from tests.kubernetes_server.server import KubernetesServer


async def serve(kubeconfig: Path, nodes: int, *, fake: bool) -> None:
    """Until it is cancelled."""
    async with KubernetesServer() as server:
        server.cluster.runs_containers = not fake
        for number in range(nodes):
            server.cluster.create("nodes", node(f"n{number}"))
        kubeconfig.write_text(yaml.safe_dump(server.kubeconfig(token="of-the-stand-in")), encoding="utf-8")
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kubernetes_server")
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--fake", action="store_true")
    given = parser.parse_args()
    asyncio.run(serve(given.kubeconfig, given.nodes, fake=given.fake))


if __name__ == "__main__":
    main()

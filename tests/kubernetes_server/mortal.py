"""The stand-in as one that goes away and comes back."""

import asyncio

from tests.kubernetes_server.server import KubernetesServer


class MortalServer(KubernetesServer):
    """It can be taken away, and comes back at the same address with the same state."""

    def away(self) -> None:
        self._server.close()
        self.disconnect()

    async def back(self) -> None:
        port = int(self.url.rpartition(":")[2])
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", port)

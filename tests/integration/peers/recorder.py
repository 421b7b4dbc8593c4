"""A forwarder before a proxy that notes what goes over the wire, and when."""

import socket
import threading
import time

import world
from waiting import readable


class Conversation:
    """One connection: what the client sent, cut where the proxy said something in between."""

    def __init__(self):
        self.began = time.monotonic()
        self.turns = []  # (from the client?, bytes)

    def note(self, from_client, data):
        if self.turns and self.turns[-1][0] == from_client:
            data = self.turns.pop()[1] + data
        self.turns.append((from_client, data))

    def said(self):
        """What the client said without hearing anything in between, piece by piece."""
        return [data for from_client, data in self.turns if from_client]


class Recorder:
    """`delay_s` each way, so that what the client sends at once comes as one piece."""

    scheme = None

    def __init__(self, proxy, delay_s=0.02):
        self.proxy, self.scheme, self._delay_s = proxy, proxy.scheme, delay_s
        self.user, self.password = proxy.user, proxy.password
        self._server = world.World.listen("proxy", world.PROXY_SIDE[0])
        self.address, self.port = self._server.getsockname()
        self.conversations = []
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self):
        login = f"{self.user}:{self.password}@" if self.user else ""
        return f"{self.scheme}://{login}{self.address}:{self.port}"

    def _accept(self):
        with world.inside("proxy"):
            while True:
                try:
                    client, _ = self._server.accept()
                except OSError:
                    return
                conversation = Conversation()
                self.conversations.append(conversation)
                upstream = socket.create_connection((self.proxy.address, self.proxy.port), 10)
                threading.Thread(target=self._serve, args=(client, upstream, conversation),
                                 daemon=True).start()

    def _serve(self, client, upstream, conversation):
        for end in (client, upstream):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ends = {client: upstream, upstream: client}
        open_ends = [client, upstream]
        while open_ends:
            for end in readable(open_ends):
                time.sleep(self._delay_s)
                try:
                    data = end.recv(65536)
                except OSError:
                    data = b""
                try:
                    if data:
                        conversation.note(end is client, data)
                        ends[end].sendall(data)
                    else:
                        open_ends.remove(end)
                        ends[end].shutdown(socket.SHUT_WR)
                except OSError:
                    open_ends = []
                    break
        client.close()
        upstream.close()

    def stop(self):
        # accept(2) doesn't end by close(2) alone.
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

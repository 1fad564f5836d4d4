"""A Redis that answers the first commands well, and then begins a long answer, of which one byte comes a second."""

import socket
import threading

GOOD_ANSWERS = 3


class RedisThatDrips:
    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._end = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self._end.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            try:
                for _ in range(GOOD_ANSWERS):
                    if not connection.recv(65536):
                        return
                    connection.sendall(b"+OK\r\n")
                connection.recv(65536)
                connection.sendall(b"$1000000\r\n")
                while not self._end.wait(1):
                    connection.sendall(b"x")
            except OSError:
                pass  # given up, as it should be

    def close(self):
        self._end.set()
        self._listener.close()

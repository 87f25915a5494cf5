# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy on loopback that knows one name: CONNECT, and GET or POST of a whole
address. It leads to `port` whatever is asked for, and remembers what that was."""

import base64
import http.client
import http.server
import select
import socket
import threading

USER = "us@er:p w"
QUOTED = "us%40er:p%20w"


class Proxy:
    def __init__(self, name, port):
        self.asked, self.refused = [], 0
        proxy, expected = self, "Basic " + base64.b64encode(USER.encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def may(self, host):
                if self.headers.get("Proxy-Authorization") == expected and host == name:
                    proxy.asked.append(f"{self.command} {self.path}")
                    return True
                proxy.refused += 1
                self.send_response(407)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return False

            def do_CONNECT(self):
                if not self.may(self.path.rpartition(":")[0]):
                    return
                with socket.create_connection(("127.0.0.1", port)) as there:
                    self.wfile.write(b"HTTP/1.1 200 Go\r\n\r\n")
                    tunnel(self.connection, there)
                self.close_connection = True

            def do_POST(self):
                host, _, path = self.path.removeprefix("http://").partition("/")
                if not self.may(host.rpartition(":")[0]):
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                there = http.client.HTTPConnection("127.0.0.1", port)
                there.request("POST", "/" + path, body, {
                    k: v for k, v in self.headers.items() if not k.startswith("Proxy-")})
                answer = there.getresponse()
                data = answer.read()
                self.send_response_only(answer.status)
                for key, value in answer.getheaders():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(data)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://{QUOTED}@127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def tunnel(one, other):
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            (other if ready is one else one).sendall(data)

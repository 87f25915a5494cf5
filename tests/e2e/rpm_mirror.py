# SPDX-License-Identifier: Apache-2.0
"""A mirror of an RPM repository that stalls in the middle of each package."""

import functools
import http.server
import threading

import pytest


class Stalling(http.server.SimpleHTTPRequestHandler):
    """A mirror that has the lists, and of each package the first half."""

    def __init__(self, *arguments, asked, goes_on, **options):
        self.asked, self.goes_on = asked, goes_on
        super().__init__(*arguments, **options)

    def copyfile(self, source, outputfile):
        data = source.read()
        if self.path.endswith(".rpm"):
            outputfile.write(data[:len(data) // 2])
            outputfile.flush()
            self.asked.set()
            self.goes_on.wait(120)
            data = data[len(data) // 2:]
        outputfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(repo):
    """(its address, an event: a package is asked for, an event: it goes on)"""
    asked, goes_on = threading.Event(), threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(
        Stalling, directory=repo.directory, asked=asked, goes_on=goes_on))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", asked, goes_on
    goes_on.set()
    server.shutdown()

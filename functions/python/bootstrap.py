# SPDX-License-Identifier: Apache-2.0
"""The Python runtime of Patchbay's functions: a client of the Lambda Runtime API.

It imports the handler ("module.function" under /var/task), asks for one event after the
other, calls the handler and posts what it returned or how it failed. boto3 is pointed at
the plane before the function's code is imported, also where botocore is too old to know
AWS_ENDPOINT_URL. Standard library only.
"""

import http.client
import importlib.abc
import importlib.util
import json
import logging
import os
import sys
import time
import traceback

API = "/2018-06-01/runtime"
MAX_STACK = 100


# --- boto3 ------------------------------------------------------------------------------


class EndpointFinder(importlib.abc.MetaPathFinder):
    """Gives every client of botocore the plane as its endpoint, unless it names its own."""

    def find_spec(self, name, path, target=None):
        if name != "botocore.session":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                point_at_plane(module.Session)

            spec.loader.exec_module = exec_module
        return spec


def point_at_plane(session):
    create = session.create_client

    def create_client(self, service_name, region_name=None, api_version=None, use_ssl=True,
                      verify=None, endpoint_url=None, *args, **kwargs):
        endpoint = endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return create(self, service_name, region_name, api_version, use_ssl, verify, endpoint,
                      *args, **kwargs)

    session.create_client = create_client


# --- the runtime API --------------------------------------------------------------------


class Api:
    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address)

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, API + path, body, headers or {})
        response = self.connection.getresponse()
        return response, response.read()

    def next(self):
        response, body = self.call("GET", "/invocation/next")
        if response.status != 200:
            sys.exit(f"no next event: {response.status}")
        return response, body

    def respond(self, request_id, body):
        response, _ = self.call("POST", f"/invocation/{request_id}/response", body)
        if response.status == 413:
            self.connection.close()
            message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
            self.fail(f"/invocation/{request_id}/error",
                      {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})

    def fail(self, path, error):
        self.call("POST", path, json.dumps(error).encode(),
                  {"Lambda-Runtime-Function-Error-Type": error["errorType"],
                   "Content-Type": "application/json"})


# --- what the function sees ---------------------------------------------------------------


class Context:
    def __init__(self, headers):
        env = os.environ
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = env.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self.identity = self.client_context = None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)


class LogHandler(logging.StreamHandler):
    """Log records in the form that readers of Lambda logs know."""

    request_id = ""

    def __init__(self):
        super().__init__(sys.stdout)
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def format(self, record):
        record.aws_request_id = LogHandler.request_id
        return super().format(record)


def load(handler):
    name, _, function = handler.rpartition(".")
    module = importlib.import_module(name.replace("/", "."))
    if not hasattr(module, function):
        raise HandlerNotFound(f"Handler '{function}' missing on module '{name}'")
    return getattr(module, function)


class HandlerNotFound(Exception):
    pass


HandlerNotFound.__name__ = "Runtime.HandlerNotFound"


class MarshalError(Exception):
    pass


MarshalError.__name__ = "Runtime.MarshalError"


# --- errors -------------------------------------------------------------------------------


def describe(error, request_id=None):
    """The error object of the developer guide; frames of this file are left out."""
    kind, message = type(error).__name__, str(error)
    if isinstance(error, ImportError):
        kind, message = "Runtime.ImportModuleError", f"Unable to import module: {error}"
    elif isinstance(error, SyntaxError):
        kind = "Runtime.UserCodeSyntaxError"
    frames = [f for f in traceback.extract_tb(error.__traceback__)
              if f.filename != __file__ and "importlib" not in f.filename]
    answer = {"errorMessage": message, "errorType": kind,
              "stackTrace": traceback.format_list(frames[-MAX_STACK:])}
    if request_id:
        answer["requestId"] = request_id
    return answer


def tell(error):
    """Into the log, once."""
    print(f"[ERROR] {error['errorType']}: {error['errorMessage']}")
    if error["stackTrace"]:
        print("Traceback (most recent call last):")
        print("".join(error["stackTrace"]), end="")


def encode(value):
    try:
        return json.dumps(value).encode()
    except (TypeError, ValueError, RecursionError) as e:
        raise MarshalError(f"Unable to marshal response: {e}") from None


# --- the loop -----------------------------------------------------------------------------


def start(api):
    try:
        return load(os.environ["_HANDLER"])
    except BaseException as e:  # whatever the function's own code raises, SystemExit too
        error = describe(e)
        tell(error)
        sys.stdout.flush()
        api.fail("/init/error", error)
        sys.exit(1)


def run_one(api, handler):
    response, body = api.next()
    context = Context(response.headers)
    request_id = LogHandler.request_id = context.aws_request_id
    try:
        answer = encode(handler(json.loads(body), context))
    except SystemExit:
        raise
    except BaseException as e:
        error = describe(e, request_id)
        tell(error)
        sys.stdout.flush()
        api.fail(f"/invocation/{request_id}/error", error)
    else:
        sys.stdout.flush()
        api.respond(request_id, answer)


def main():
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.meta_path.insert(0, EndpointFinder())
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    logging.getLogger().addHandler(LogHandler())
    handler = start(api)
    while True:
        run_one(api, handler)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Our operation tables against AWS's own models, as Debian's botocore ships them.

Names, types, places, presence, bounds, closed sets, errors, paths. What AWS has and we lack is
fine as long as it is optional: such a parameter is refused. NEWER rows are not looked at here.
"""
import pytest

from tables import model, modelled

# What the agent alone calls is in nobody's public model.
AGENTS_OWN = {
    ("ssm", "RegisterManagedInstance"), ("ssm", "RequestManagedInstanceRoleToken"),
    ("ssm", "UpdateInstanceInformation"), ("ssm", "UpdateManagedInstancePublicKey"),
}

# Outcomes that any operation of a service may have, in no operation's list.
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "InvalidAction", "MalformedInput",
    "SerializationException", "Throttling", "ThrottlingException", "UnknownOperationException",
    "UnsupportedOperation", "UnsupportedOperationException", "ValidationError",
    "ValidationException",
}
UNMODELLED_ERRORS = {"s3"}  # its model names next to none of its errors

# What the user guide says of an operation and its model leaves out.
ALSO_RAISED = {"CreateStackSet": {"InsufficientCapabilitiesException"}}

PLACES = {"uri": "PATH", "querystring": "QUERY", "header": "HEADER", "headers": "HEADERS",
          "statusCode": "STATUS"}
NO_BOUND = 2**31 - 1  # a max of this or more bounds nothing


def operations():
    for service in modelled():
        for operation in service["operations"]:
            if (service["name"], operation["name"]) in AGENTS_OWN:
                continue
            if not (operation["newer"] or operation["ours"] or operation["internal"]):
                yield pytest.param(service, operation,
                                   id=f"{service['name']}.{operation['name']}")


def kind(shape):
    """The field type that a shape of theirs has in our tables; None: only DOCUMENT will do."""
    simple = {"string": "STRING", "character": "STRING", "integer": "INTEGER", "long": "INTEGER",
              "double": "DOUBLE", "float": "DOUBLE", "boolean": "BOOLEAN",
              "timestamp": "TIMESTAMP", "blob": "BLOB", "structure": "STRUCT"}
    if shape.type_name == "list":
        return {"STRING": "STRINGS", "STRUCT": "LIST"}.get(kind(shape.member))
    if shape.type_name == "map":
        return {"STRING": "TEXT_MAP", "STRUCT": "MAP", "STRINGS": "STRS_MAP"}.get(kind(shape.value))
    return simple[shape.type_name]


def bound_problems(where, field, prefix, metadata):
    for bound in ("min", "max"):
        ours, wanted = field[prefix + bound], metadata.get(bound)
        if wanted is None or (bound == "max" and wanted >= NO_BOUND and not ours):
            continue
        if ours != wanted:
            yield f"{where}: {prefix}{bound} is {ours}, theirs {wanted}"


def input_problems(where, field, theirs, required):
    if field["required"] != required:
        yield f"{where}: required is {field['required']}, theirs {required}"
    if field["type"] == "DOCUMENT":
        return
    yield from bound_problems(where, field, "", theirs.metadata)
    if field["type"] == "STRINGS":
        yield from bound_problems(where, field, "item_", theirs.member.metadata)
    elif field["type"] in ("TEXT_MAP", "MAP", "STRS_MAP"):
        yield from bound_problems(where, field, "item_", theirs.key.metadata)


def list_problems(where, field, theirs):
    flattened = bool(theirs.serialization.get("flattened"))
    if field["flattened"] != flattened:
        yield f"{where}: flattened is {field['flattened']}, theirs {flattened}"
    item = field.get("item_name", "member")
    wanted = theirs.member.serialization.get("name", "member")
    if not flattened and item != wanted:
        yield f"{where}: items are {item!r}, theirs {wanted!r}"


def wire_problems(where, field, theirs, protocol, payload):
    serialization = theirs.serialization
    place = PLACES.get(serialization.get("location"), "BODY")
    if payload == field["name"]:
        place = "PAYLOAD"
    if field["place"] != place:
        yield f"{where}: stands in {field['place']}, theirs in {place}"
    name = field.get("wire_name", field["name"])
    wanted = serialization.get("name", field["name"])
    if theirs.type_name == "list" and serialization.get("flattened"):
        wanted = theirs.member.serialization.get("name", wanted)
    same = name.lower() == wanted.lower() if place in ("HEADER", "HEADERS") else name == wanted
    if not same and name != "" and place != "PAYLOAD":
        yield f"{where}: is {name!r} on the wire, theirs {wanted!r}"
    if theirs.type_name == "list" and place == "BODY" and "json" not in protocol:
        yield from list_problems(where, field, theirs)
    if theirs.type_name == "timestamp" and "json" in protocol and place == "BODY":
        iso = serialization.get("timestampFormat") == "iso8601"
        if field["iso_time"] != iso:
            yield f"{where}: iso_time is {field['iso_time']}, theirs {iso}"


def value_problems(where, field, theirs):
    if "values" not in field:
        return
    enum = (theirs.member if field["type"] == "STRINGS" else theirs).metadata.get("enum")
    unknown = set(field["values"]) - set(enum or field["values"])
    if unknown:
        yield f"{where}: theirs does not have the values {sorted(unknown)}"


def nested(theirs):
    return {"list": lambda: theirs.member, "map": lambda: theirs.value,
            "structure": lambda: theirs}[theirs.type_name]()


def field_problems(where, field, theirs, protocol, is_input, payload, required):
    wanted = kind(theirs)
    ours = "BOOLEAN" if field["type"] == "TRISTATE" else field["type"]
    if ours not in (wanted, "DOCUMENT"):
        yield f"{where}: is {field['type']}, theirs {theirs.type_name} ({wanted})"
        return
    yield from wire_problems(where, field, theirs, protocol, payload)
    yield from value_problems(where, field, theirs)
    if is_input:
        yield from input_problems(where, field, theirs, required)
    if "shape" in field:
        yield from shape_problems(where, field["shape"], nested(theirs), protocol, is_input)


def shape_problems(where, shape, theirs, protocol, is_input):
    members = theirs.members if theirs is not None else {}
    required = set(theirs.required_members) if theirs is not None else set()
    payload = theirs.serialization.get("payload") if theirs is not None else None
    if is_input:
        for missing in sorted(required - {f["name"] for f in shape["fields"]}):
            yield f"{where}: {missing}, which theirs requires, is not there"
    for field in shape["fields"]:
        inner = f"{where}.{field['name']}"
        if field["newer"]:
            continue
        if field["name"] not in members:
            yield f"{inner}: theirs has no such member"
            continue
        yield from field_problems(inner, field, members[field["name"]], protocol, is_input,
                                  payload, field["name"] in required)


def test_there_are_tables():
    assert list(operations())


@pytest.mark.parametrize("service", [pytest.param(s, id=s["name"]) for s in modelled()])
def test_the_service_speaks_as_modelled(service):
    theirs = model(service["name"]).metadata
    protocol = theirs["protocol"]
    if protocol == "json":
        protocol = f"json {theirs['jsonVersion']}"
        assert service["target_prefix"] == theirs["targetPrefix"]
    if protocol == "query":
        assert service["xml_namespace"] == theirs["xmlNamespace"]
        assert service["version"] == theirs["apiVersion"]
    assert service["protocol"] == protocol
    assert service["name"] in (theirs.get("signingName"), theirs["endpointPrefix"])


@pytest.mark.parametrize("service, operation", operations())
def test_members_agree(service, operation):
    theirs = model(service["name"]).operation_model(operation["name"])
    problems = [*shape_problems("input", operation["input"], theirs.input_shape,
                                service["protocol"], is_input=True),
                *shape_problems("output", operation["output"], theirs.output_shape,
                                service["protocol"], is_input=False)]
    assert not problems, "\n" + "\n".join(problems)


@pytest.mark.parametrize("service, operation", operations())
def test_errors_are_modelled(service, operation):
    if service["name"] in UNMODELLED_ERRORS:
        return
    theirs = model(service["name"]).operation_model(operation["name"])
    known = {name for shape in theirs.error_shapes
             for name in (shape.name, shape.metadata.get("error", {}).get("code"))}
    known |= ALSO_RAISED.get(operation["name"], set())
    assert set(operation["errors"]) <= known | COMMON_ERRORS


@pytest.mark.parametrize("service, operation", operations())
def test_errors_have_their_status(service, operation):
    theirs = model(service["name"]).operation_model(operation["name"])
    for shape in theirs.error_shapes:
        error = shape.metadata.get("error", {})
        code, status = error.get("code", shape.name), error.get("httpStatusCode")
        if status and code in service["errors"]:
            assert service["errors"][code] == status, code


@pytest.mark.parametrize("service, operation", operations())
def test_rest_paths_agree(service, operation):
    if "rest" not in service["protocol"]:
        return
    http = model(service["name"]).operation_model(operation["name"]).http
    assert operation["method"] == http["method"]
    assert operation["path"] == http["requestUri"]
    assert operation["status"] == http.get("responseCode", 200)

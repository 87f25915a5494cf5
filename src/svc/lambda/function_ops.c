/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tags.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/time.h"
#include "base/zip.h"
#include "store/db.h"
#include "svc/lambda/errors.h"
#include "svc/lambda/function.h"
#include "svc/lambda/operations.h"

#define FUNCTION_TYPE S("AWS::Lambda::Function")

/* --- what the answers show ------------------------------------------------ */

struct environment {
    struct text_map variables;
};

static const struct field environment_fields[] = {
    TEXT_MAP(struct environment, variables, "Variables", OPTIONAL),
};
static const struct shape environment_shape =
    SHAPE("Environment", struct environment, environment_fields);

struct view {
    struct str name, arn, runtime, role, handler, description, modified, sha256, version;
    struct str revision, state, update_status, package_type;
    int64_t code_size, timeout, memory;
    struct environment *environment;
    struct strs architectures;
};

/* clang-format off */
static const struct field view_fields[] = {
    STRING(struct view, name, "FunctionName", OPTIONAL),
    STRING(struct view, arn, "FunctionArn", OPTIONAL),
    STRING(struct view, runtime, "Runtime", OPTIONAL),
    STRING(struct view, role, "Role", OPTIONAL),
    STRING(struct view, handler, "Handler", OPTIONAL),
    INTEGER(struct view, code_size, "CodeSize", OPTIONAL),
    STRING(struct view, description, "Description", OPTIONAL),
    INTEGER(struct view, timeout, "Timeout", OPTIONAL),
    INTEGER(struct view, memory, "MemorySize", OPTIONAL),
    STRING(struct view, modified, "LastModified", OPTIONAL),
    STRING(struct view, sha256, "CodeSha256", OPTIONAL),
    STRING(struct view, version, "Version", OPTIONAL),
    STRUCT(struct view, environment, "Environment", OPTIONAL, environment_shape),
    STRING(struct view, revision, "RevisionId", OPTIONAL),
    STRING(struct view, state, "State", OPTIONAL),
    STRING(struct view, update_status, "LastUpdateStatus", OPTIONAL),
    STRING(struct view, package_type, "PackageType", OPTIONAL),
    STRINGS(struct view, architectures, "Architectures", OPTIONAL),
};
/* clang-format on */
static const struct shape view_shape = SHAPE("FunctionConfiguration", struct view, view_fields);

static int environment_of(struct op *op, const struct function *f, struct environment **ret)
{
    struct value *map;

    *ret = NULL;
    if (!str_is_set(f->environment))
        return 0;
    TRY(json_parse(op->arena, f->environment, &map, NULL));
    *ret = arena_new(op->arena, struct environment);
    struct text_map *variables = &(*ret)->variables;
    variables->items = arena_array(op->arena, struct text_pair, value_count(map) + 1);
    for (size_t i = 0; i < value_count(map); i++)
        variables->items[variables->count++] =
            (struct text_pair){ map->map.members[i].key, value_str(map->map.members[i].value) };
    return 0;
}

/* "2026-11-23T16:00:00.123+0000": this one service's form. */
static struct str modified_text(struct op *op, msec t)
{
    struct str iso = time_iso_ms(op->arena, t);
    return arena_fmt(op->arena, "%.*s+0000", (int)iso.len - 1, iso.p);
}

static int view_of(struct op *op, const struct function *f, struct view *ret)
{
    static struct str architecture = S_INIT("x86_64");

    *ret = (struct view){
        .name = f->name,
        .arn = function_arn(op, f->name),
        .runtime = f->runtime,
        .role = f->role,
        .handler = f->handler,
        .description = str_or_empty(f->description),
        .modified = modified_text(op, f->modified_at),
        .sha256 = f->code_sha256,
        .version = S("$LATEST"),
        .revision = f->revision,
        .state = S("Active"),
        .update_status = S("Successful"),
        .package_type = S("Zip"),
        .code_size = f->code_size,
        .timeout = f->timeout,
        .memory = f->memory,
        .architectures = { &architecture, 1 },
    };
    return environment_of(op, f, &ret->environment);
}

/* --- code ----------------------------------------------------------------- */

struct code {
    struct str zip;
    struct str bucket, key;
};

static const struct field code_fields[] = {
    BLOB(struct code, zip, "ZipFile", OPTIONAL),
    STRING(struct code, bucket, "S3Bucket", OPTIONAL, LENGTH(3, 63)),
    STRING(struct code, key, "S3Key", OPTIONAL, LENGTH(1, 1024)),
};
static const struct shape code_shape = SHAPE("FunctionCode", struct code, code_fields);

/* The archive itself, from the request or from a bucket the caller may read. */
static int fetch_code(struct op *op, const struct code *code, struct str *ret)
{
    if (str_is_set(code->zip) && !str_is_set(code->bucket)) {
        *ret = code->zip;
        return 0;
    }
    if (str_is_set(code->zip) || !str_is_set(code->bucket) || !str_is_set(code->key))
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "Please provide a source for function code: ZipFile, or S3Bucket and "
                       "S3Key.");
    if (!op->plane->objects)
        return op_fail(op, OP_UNSUPPORTED, "There is no object store to take code from.");

    struct object_facts object;
    PASS(op_may(op, S("s3:GetObject"),
                arena_fmt(op->arena, "arn:aws:s3:::%.*s/%.*s", STR(code->bucket), STR(code->key))));
    int found = op->plane->objects->object(op->db, op->arena, code->bucket, code->key, &object);
    if (found == PORT_NONE || (found == 0 && !str_eq(object.account, op->account)))
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "Error occurred while GetObject. S3 Error Code: NoSuchKey.");
    TRY(found);
    if (object.size > FUNCTION_MAX_ZIP)
        return op_fail(op, LAMBDA_INVALID_PARAMETER, "The archive is too large.");
    TRY(op->plane->blobs.get(op->plane->blobs.context, object.blob, FUNCTION_MAX_ZIP, op->arena,
                             ret));
    return 0;
}

static int take_code(struct op *op, const struct code *code, struct function *f)
{
    static const struct zip_limits limits = { FUNCTION_MAX_FILES, FUNCTION_MAX_BYTES };
    struct zip_file *files;
    size_t count;
    struct str zip, why;

    PASS(fetch_code(op, code, &zip));
    if (zip.len > FUNCTION_MAX_ZIP)
        return op_fail(op, LAMBDA_INVALID_PARAMETER, "The archive is too large.");
    int unpacked = zip_unpack(op->arena, zip, &limits, &files, &count, &why);
    if (unpacked == ZIP_MALFORMED || (unpacked == 0 && count == 0))
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "Could not unzip uploaded file. Please check your file, then try to upload "
                       "again.");
    TRY(unpacked);
    TRY(op->plane->blobs.put(op->plane->blobs.context, zip, op->arena, &f->code));
    struct digest d = sha256(zip);
    f->code_sha256 = base64_encode(op->arena, digest_str(&d));
    f->code_size = (int64_t)zip.len;
    return 0;
}

/* --- configuration -------------------------------------------------------- */

/* Names that the runtime sets itself (developer guide, "Using environment variables"). */
static bool is_reserved(struct str name)
{
    static const struct str reserved[] = {
        S_INIT("_HANDLER"),
        S_INIT("_X_AMZN_TRACE_ID"),
        S_INIT("AWS_REGION"),
        S_INIT("AWS_DEFAULT_REGION"),
        S_INIT("AWS_ACCESS_KEY"),
        S_INIT("AWS_ACCESS_KEY_ID"),
        S_INIT("AWS_SECRET_ACCESS_KEY"),
        S_INIT("AWS_SESSION_TOKEN"),
        S_INIT("LAMBDA_TASK_ROOT"),
        S_INIT("LAMBDA_RUNTIME_DIR"),
    };

    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (str_eq(name, reserved[i]))
            return true;
    return str_starts(name, S("AWS_LAMBDA_"));
}

static int take_environment(struct op *op, const struct environment *in, struct function *f)
{
    struct value *map = value_map(op->arena);
    size_t bytes = 0;

    if (!in)
        return 0;
    for (size_t i = 0; i < in->variables.count; i++) {
        const struct text_pair *pair = &in->variables.items[i];
        bool starts_well = pair->key.len > 1 && !str_is_digits(str_slice(pair->key, 0, 1)) &&
                           pair->key.p[0] != '_';
        if (!starts_well || !str_is_word(pair->key, "_"))
            return op_fail(op, LAMBDA_INVALID_PARAMETER, "%.*s is not a valid variable name.",
                           STR(pair->key));
        if (is_reserved(pair->key))
            return op_fail(op, LAMBDA_INVALID_PARAMETER,
                           "Lambda was unable to configure your environment variables because the "
                           "environment variables you have provided contains reserved keys that "
                           "are currently not supported for modification. Reserved keys used in "
                           "this request: %.*s",
                           STR(pair->key));
        bytes += pair->key.len + pair->value.len;
        value_set_str(op->arena, map, pair->key, pair->value);
    }
    if (bytes > FUNCTION_MAX_ENV)
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "Lambda was unable to configure your environment variables because the "
                       "environment variables you have provided exceeded the 4KB limit.");
    f->environment = json_format(op->arena, map);
    return 0;
}

static int check_configuration(struct op *op, const struct function *f)
{
    if (str_is_empty(f->runtime) || str_is_empty(f->handler))
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "Runtime and Handler are mandatory parameters for functions created with "
                       "deployment packages.");
    if (!function_runtime_is_known(f->runtime))
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "Runtime %.*s is not supported: python3.x and provided.* are.",
                       STR(f->runtime));
    if (str_starts(f->runtime, S("python")) && str_find(f->handler, '.') < 1)
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "Bad handler '%.*s': module.function is "
                       "needed",
                       STR(f->handler));
    int passed = op_pass_role(op, f->role, S("lambda.amazonaws.com"));
    if (passed == OP_INVALID)
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "The role defined for the function cannot be assumed by Lambda.");
    PASS(passed);
    return 0;
}

/* --- CreateFunction ------------------------------------------------------- */

struct create_in {
    struct str name, runtime, role, handler, description, package_type;
    struct code *code;
    int64_t timeout, memory;
    struct environment *environment;
    struct text_map tags;
    struct strs architectures;
};

static const char *const architectures[] = { "x86_64", NULL };
static const char *const package_types[] = { "Zip", NULL };

/* clang-format off */
#define FUNCTION_NAME(T, MAX) \
    STRING(T, name, "FunctionName", REQUIRED, LENGTH(1, MAX), .place = PLACE_PATH)
#define QUALIFIER(T, m) \
    STRING(T, m, "Qualifier", OPTIONAL, LENGTH(1, 128), .place = PLACE_QUERY)

static const struct field create_in_fields[] = {
    STRING(struct create_in, name, "FunctionName", REQUIRED, LENGTH(1, 140)),
    STRING(struct create_in, runtime, "Runtime", OPTIONAL),
    STRING(struct create_in, role, "Role", REQUIRED),
    STRING(struct create_in, handler, "Handler", OPTIONAL, LENGTH(0, 128)),
    STRUCT(struct create_in, code, "Code", REQUIRED, code_shape),
    STRING(struct create_in, description, "Description", OPTIONAL, LENGTH(0, 256)),
    INTEGER(struct create_in, timeout, "Timeout", OPTIONAL, RANGE(1, FUNCTION_MAX_TIMEOUT), DEFAULT(3)),
    INTEGER(struct create_in, memory, "MemorySize", OPTIONAL, RANGE(128, 10240), DEFAULT(128)),
    STRUCT(struct create_in, environment, "Environment", OPTIONAL, environment_shape),
    TEXT_MAP(struct create_in, tags, "Tags", OPTIONAL),
    STRING(struct create_in, package_type, "PackageType", OPTIONAL, .values = package_types),
    STRINGS(struct create_in, architectures, "Architectures", OPTIONAL, LENGTH(1, 1), .values = architectures),
};
/* clang-format on */
static const struct shape create_in =
    SHAPE("CreateFunctionRequest", struct create_in, create_in_fields);

static int put_tags(struct op *op, struct str name, const struct text_map *tags)
{
    struct tagged resource = { function_arn(op, name), op->account, op->region, FUNCTION_TYPE };
    struct tag *list = arena_array(op->arena, struct tag, tags->count + 1);

    for (size_t i = 0; i < tags->count; i++)
        list[i] = (struct tag){ tags->items[i].key, tags->items[i].value };
    return tags_put(op, &resource, list, tags->count);
}

static int create_function(struct op *op, const struct create_in *in, struct view *out)
{
    struct function f = {
        .role = in->role,
        .runtime = in->runtime,
        .handler = in->handler,
        .description = in->description,
        .timeout = in->timeout,
        .memory = in->memory,
        .revision = random_uuid(op->arena),
        .modified_at = op->now,
    };

    PASS(function_name(op, in->name, &f.name));
    PASS(check_configuration(op, &f));
    PASS(take_environment(op, in->environment, &f));
    PASS(take_code(op, in->code, &f));
    int inserted = function_insert(op, &f);
    if (inserted == DB_CONFLICT)
        return op_fail(op, LAMBDA_CONFLICT, "Function already exist: %.*s", STR(f.name));
    TRY(inserted);
    PASS(put_tags(op, f.name, &in->tags));
    return view_of(op, &f, out);
}
OP_HANDLER(create_function)

/* --- GetFunction, GetFunctionConfiguration, DeleteFunction ---------------- */

struct named_in {
    struct str name, qualifier;
};

/* clang-format off */
static const struct field named_in_fields[] = {
    FUNCTION_NAME(struct named_in, 170),
    QUALIFIER(struct named_in, qualifier),
};
static const struct field delete_in_fields[] = {
    FUNCTION_NAME(struct named_in, 140),
    QUALIFIER(struct named_in, qualifier),
};
/* clang-format on */
static const struct shape named_in = SHAPE("FunctionRequest", struct named_in, named_in_fields);
static const struct shape delete_in =
    SHAPE("DeleteFunctionRequest", struct named_in, delete_in_fields);

struct location {
    struct str repository;
};

static const struct field location_fields[] = {
    STRING(struct location, repository, "RepositoryType", OPTIONAL),
};
static const struct shape location_shape =
    SHAPE("FunctionCodeLocation", struct location, location_fields);

struct get_out {
    struct view *configuration;
    struct location *code;
    struct text_map tags;
};

static const struct field get_out_fields[] = {
    STRUCT(struct get_out, configuration, "Configuration", OPTIONAL, view_shape),
    STRUCT(struct get_out, code, "Code", OPTIONAL, location_shape),
    TEXT_MAP(struct get_out, tags, "Tags", OPTIONAL),
};
static const struct shape get_out = SHAPE("GetFunctionResponse", struct get_out, get_out_fields);

static int find_latest(struct op *op, const struct named_in *in, struct function *ret)
{
    if (str_is_set(in->qualifier) && !str_eq(in->qualifier, S("$LATEST")))
        return op_fail(op, LAMBDA_NOT_FOUND, "Function not found: %.*s:%.*s", STR(in->name),
                       STR(in->qualifier));
    return function_find(op, in->name, ret);
}

static int get_function(struct op *op, const struct named_in *in, struct get_out *out)
{
    struct function f;
    struct tag *tags;
    size_t count;

    PASS(find_latest(op, in, &f));
    TRY(tags_of(op->db, op->arena, function_arn(op, f.name), &tags, &count));
    out->configuration = arena_new(op->arena, struct view);
    TRY(view_of(op, &f, out->configuration));
    out->code = arena_new(op->arena, struct location);
    out->code->repository = S("S3");
    if (count > 0)
        out->tags.items = arena_array(op->arena, struct text_pair, count);
    for (size_t i = 0; i < count; i++)
        out->tags.items[out->tags.count++] = (struct text_pair){ tags[i].key, tags[i].value };
    return 0;
}
OP_HANDLER(get_function)

static int get_configuration(struct op *op, const struct named_in *in, struct view *out)
{
    struct function f;

    PASS(find_latest(op, in, &f));
    return view_of(op, &f, out);
}
OP_HANDLER(get_configuration)

static int delete_function(struct op *op, const struct named_in *in, struct nothing *out)
{
    struct function f;

    (void)out;
    PASS(find_latest(op, in, &f));
    TRY(function_delete(op, f.name));
    TRY(tags_remove_all(op, function_arn(op, f.name)));
    return 0;
}
OP_HANDLER(delete_function)

/* --- updates -------------------------------------------------------------- */

struct update_in {
    struct str name, runtime, role, handler, description, revision;
    int64_t timeout, memory;
    struct environment *environment;
    struct str zip, bucket, key;
};

/* clang-format off */
static const struct field configure_in_fields[] = {
    FUNCTION_NAME(struct update_in, 140),
    STRING(struct update_in, runtime, "Runtime", OPTIONAL),
    STRING(struct update_in, role, "Role", OPTIONAL),
    STRING(struct update_in, handler, "Handler", OPTIONAL, LENGTH(0, 128)),
    STRING(struct update_in, description, "Description", OPTIONAL, LENGTH(0, 256)),
    INTEGER(struct update_in, timeout, "Timeout", OPTIONAL, RANGE(1, FUNCTION_MAX_TIMEOUT)),
    INTEGER(struct update_in, memory, "MemorySize", OPTIONAL, RANGE(128, 10240)),
    STRUCT(struct update_in, environment, "Environment", OPTIONAL, environment_shape),
    STRING(struct update_in, revision, "RevisionId", OPTIONAL),
};
static const struct shape configure_in =
    SHAPE("UpdateFunctionConfigurationRequest", struct update_in, configure_in_fields);

static const struct field code_in_fields[] = {
    FUNCTION_NAME(struct update_in, 140),
    BLOB(struct update_in, zip, "ZipFile", OPTIONAL),
    STRING(struct update_in, bucket, "S3Bucket", OPTIONAL, LENGTH(3, 63)),
    STRING(struct update_in, key, "S3Key", OPTIONAL, LENGTH(1, 1024)),
    STRING(struct update_in, revision, "RevisionId", OPTIONAL),
};
/* clang-format on */
static const struct shape code_in =
    SHAPE("UpdateFunctionCodeRequest", struct update_in, code_in_fields);

static int start_update(struct op *op, const struct update_in *in, struct function *ret)
{
    PASS(function_find(op, in->name, ret));
    if (str_is_set(in->revision) && !str_eq(in->revision, ret->revision))
        return op_fail(op, LAMBDA_PRECONDITION_FAILED,
                       "The Revision Id provided does not match the latest Revision Id. Call the "
                       "GetFunction API to retrieve the latest Revision Id");
    ret->revision = random_uuid(op->arena);
    ret->modified_at = op->now;
    return 0;
}

static int update_configuration(struct op *op, const struct update_in *in, struct view *out)
{
    struct function f;

    PASS(start_update(op, in, &f));
    if (str_is_set(in->runtime))
        f.runtime = in->runtime;
    if (str_is_set(in->role))
        f.role = in->role;
    if (str_is_set(in->handler))
        f.handler = in->handler;
    if (str_is_set(in->description))
        f.description = in->description;
    if (in->timeout != UNSET)
        f.timeout = in->timeout;
    if (in->memory != UNSET)
        f.memory = in->memory;
    PASS(check_configuration(op, &f));
    PASS(take_environment(op, in->environment, &f));
    TRY(function_update(op, &f));
    return view_of(op, &f, out);
}
OP_HANDLER(update_configuration)

static int update_code(struct op *op, const struct update_in *in, struct view *out)
{
    struct code code = { in->zip, in->bucket, in->key };
    struct function f;

    PASS(start_update(op, in, &f));
    PASS(take_code(op, &code, &f));
    TRY(function_update(op, &f));
    return view_of(op, &f, out);
}
OP_HANDLER(update_code)

/* --- ListFunctions -------------------------------------------------------- */

struct list_in {
    struct str marker;
    int64_t max_items;
};

static const struct field list_in_fields[] = {
    STRING(struct list_in, marker, "Marker", OPTIONAL, .place = PLACE_QUERY),
    INTEGER(struct list_in, max_items, "MaxItems", OPTIONAL, RANGE(1, 10000), DEFAULT(50),
            .place = PLACE_QUERY),
};
static const struct shape list_in = SHAPE("ListFunctionsRequest", struct list_in, list_in_fields);

struct list_out {
    struct str marker;
    struct list functions;
};

static const struct field list_out_fields[] = {
    STRING(struct list_out, marker, "NextMarker", OPTIONAL),
    LIST(struct list_out, functions, "Functions", OPTIONAL, view_shape),
};
static const struct shape list_out =
    SHAPE("ListFunctionsResponse", struct list_out, list_out_fields);

static int list_functions(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct str after;
    struct function *functions;
    size_t count, limit = in->max_items > 50 ? 50 : (size_t)in->max_items;

    PASS(page_open(op, in->marker, &after));
    TRY(function_list(op, after, (int64_t)limit + 1, &functions, &count));
    if (count > limit) {
        count = limit;
        out->marker = page_token(op, functions[count - 1].name);
    }
    struct view *views = arena_array(op->arena, struct view, count + 1);
    for (size_t i = 0; i < count; i++)
        TRY(view_of(op, &functions[i], &views[i]));
    out->functions = (struct list){ views, count };
    return 0;
}
OP_HANDLER(list_functions)

/* -------------------------------------------------------------------------- */

static struct str create_arn(struct op *op, const void *in)
{
    return function_arn_of(op, ((const struct create_in *)in)->name);
}

static struct str named_arn(struct op *op, const void *in)
{
    return function_arn_of(op, ((const struct named_in *)in)->name);
}

static struct str update_arn(struct op *op, const void *in)
{
    return function_arn_of(op, ((const struct update_in *)in)->name);
}

/* clang-format off */
const struct operation function_operations[] = {
    OP("CreateFunction", create_function, create_in, view_shape, OP_WRITES,
       RAISES(LAMBDA_CONFLICT, LAMBDA_INVALID_PARAMETER, LAMBDA_NOT_FOUND),
       .resource = create_arn, .method = "POST", .path = "/2015-03-31/functions", .status = 201),
    OP("GetFunction", get_function, named_in, get_out, OP_READS,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_INVALID_PARAMETER),
       .resource = named_arn, .method = "GET", .path = "/2015-03-31/functions/{FunctionName}"),
    OP("GetFunctionConfiguration", get_configuration, named_in, view_shape, OP_READS,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_INVALID_PARAMETER),
       .resource = named_arn, .method = "GET",
       .path = "/2015-03-31/functions/{FunctionName}/configuration"),
    OP("DeleteFunction", delete_function, delete_in, shape_nothing, OP_WRITES,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_INVALID_PARAMETER),
       .resource = named_arn, .method = "DELETE",
       .path = "/2015-03-31/functions/{FunctionName}", .status = 204),
    OP("UpdateFunctionConfiguration", update_configuration, configure_in, view_shape, OP_WRITES,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_INVALID_PARAMETER, LAMBDA_PRECONDITION_FAILED),
       .resource = update_arn, .method = "PUT",
       .path = "/2015-03-31/functions/{FunctionName}/configuration"),
    OP("UpdateFunctionCode", update_code, code_in, view_shape, OP_WRITES,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_INVALID_PARAMETER, LAMBDA_PRECONDITION_FAILED),
       .resource = update_arn, .method = "PUT",
       .path = "/2015-03-31/functions/{FunctionName}/code"),
    OP("ListFunctions", list_functions, list_in, list_out, OP_READS,
       RAISES(LAMBDA_INVALID_PARAMETER),
       .method = "GET", .path = "/2015-03-31/functions/"),
    OP_END,
};
/* clang-format on */

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/failed_runs.h"
#include "cli/table.h"

static struct client_call in_place(const struct place *p, const char *target)
{
    return (struct client_call){
        .account = p->account,
        .region = p->region,
        .service = "ssm",
        .target = target,
    };
}

static int compare_members(const struct value *x, const struct value *y)
{
    static const struct str keys[] = { S_INIT("Account"), S_INIT("Region"), S_INIT("ComputerName"),
                                       S_INIT("InstanceId") };
    int order = 0;

    for (size_t i = 0; i < ARRAY_LEN(keys) && order == 0; i++)
        order = str_cmp(value_get_str(x, keys[i]), value_get_str(y, keys[i]));
    return order;
}

static int compare(const void *x, const void *y)
{
    return compare_members(*(struct value *const *)x, *(struct value *const *)y);
}

static void sort(struct value *list)
{
    if (list->list.count > 1)
        qsort(list->list.items, list->list.count, sizeof(*list->list.items), compare);
}

/* Every node of every place, each with its Account and Region. */
static int list_nodes(struct command_run *r, struct value **ret)
{
    const struct client_call call = { .service = "ssm",
                                      .target = "AmazonSSM.DescribeInstanceInformation" };

    PASS(command_list_all(r, call, S("InstanceInformationList"), ret));
    sort(*ret);
    return 0;
}

static bool is_node(const struct value *node, struct str name)
{
    return str_eq(value_get_str(node, S("InstanceId")), name) ||
           str_ieq(value_get_str(node, S("ComputerName")), name);
}

int command_address(struct command_run *r, struct str name, struct client_call *call)
{
    const struct value *found = NULL;
    struct value *nodes;

    PASS(list_nodes(r, &nodes));
    for (size_t i = 0; i < value_count(nodes); i++) {
        const struct value *node = value_at(nodes, i);

        if (!is_node(node, name))
            continue;
        if (found) {
            r->why =
                arena_fmt(&r->a, "there are several nodes called %.*s: give the id", STR(name));
            return CLIENT_FAILED;
        }
        found = node;
    }
    if (!found) {
        r->why = arena_fmt(&r->a, "there is no node %.*s where this account can look", STR(name));
        return CLIENT_FAILED;
    }
    call->account = value_get_str(found, S("Account"));
    call->region = value_get_str(found, S("Region"));
    call->in = value_map(&r->a);
    value_set_str(&r->a, call->in, S("InstanceId"), value_get_str(found, S("InstanceId")));
    return 0;
}

static struct str fact(const struct value *node, struct str name)
{
    struct str text = value_get_str(value_get(node, S("Facts")), name);

    return str_is_empty(text) ? S("-") : text;
}

static void print_nodes(struct command_run *r, const struct value *nodes)
{
    static const char *const headings[] = { "ACCOUNT",  "REGION", "NODE",      "HOST",
                                            "PLATFORM", "STATUS", "LAST PING", NULL };
    static const char *const detailed[] = { "ACCOUNT",   "REGION", "NODE",         "HOST",
                                            "PLATFORM",  "STATUS", "LAST PING",    "REBOOT",
                                            ">OLD CODE", "KERNEL", "FAILED UNITS", NULL };
    struct table t = table_new(&r->a, r->details ? detailed : headings);

    for (size_t i = 0; i < value_count(nodes); i++) {
        const struct value *n = value_at(nodes, i);
        struct str *cells = table_row(&t);
        cells[0] = value_get_str(n, S("Account"));
        cells[1] = value_get_str(n, S("Region"));
        cells[2] = value_get_str(n, S("InstanceId"));
        cells[3] = value_get_str(n, S("ComputerName"));
        cells[4] = arena_fmt(&r->a, "%.*s %.*s", STR(value_get_str(n, S("PlatformName"))),
                             STR(value_get_str(n, S("PlatformVersion"))));
        cells[5] = value_get_str(n, S("PingStatus"));
        cells[6] = command_time(r, value_get(n, S("LastPingDateTime")));
        if (r->details) {
            cells[7] = fact(n, S("Reboot"));
            cells[8] = fact(n, S("OldCodeUsers"));
            cells[9] = fact(n, S("RunningKernel"));
            cells[10] = fact(n, S("FailedUnits"));
        }
    }
    table_print(&t);
}

static int run_nodes(struct command_run *r)
{
    struct value *nodes;

    int status = command_no_arguments(r, "nodes");
    if (status != EXIT_WELL)
        return status;
    int result = list_nodes(r, &nodes);
    if (result == 0 && r->details)
        result = command_add_facts(r, nodes);
    if (result != 0)
        return command_failed(r, result);
    if (r->json)
        command_print_json(r, nodes);
    else
        print_nodes(r, nodes);
    if (value_count(nodes) == 0)
        command_tell_empty(r, "managed nodes");
    for (size_t i = 0; i < value_count(nodes); i++)
        if (!str_eq(value_get_str(value_at(nodes, i), S("PingStatus")), S("Online")))
            return EXIT_NOT_WELL;
    return EXIT_WELL;
}

const struct command command_nodes = {
    "nodes",
    "nodes [--details]",
    "every managed node and when it was last heard of",
    run_nodes,
};

/* --- status --------------------------------------------------------------- */

static int run_status(struct command_run *r)
{
    struct value *nodes, *summary = value_map(&r->a);
    int64_t online = 0;

    int status = command_no_arguments(r, "status");
    if (status != EXIT_WELL)
        return status;
    int result = list_nodes(r, &nodes);
    if (result != 0)
        return command_failed(r, result);
    for (size_t i = 0; i < value_count(nodes); i++)
        online += str_eq(value_get_str(value_at(nodes, i), S("PingStatus")), S("Online"));
    int64_t total = (int64_t)value_count(nodes);
    value_set_str(&r->a, summary, S("Endpoint"), r->client.endpoint);
    value_set_str(&r->a, summary, S("Account"), r->client.account);
    value_set_int(&r->a, summary, S("Nodes"), total);
    value_set_int(&r->a, summary, S("NodesOnline"), online);
    if (r->json)
        command_print_json(r, summary);
    else
        printf("plane    %.*s\naccount  %.*s\nnodes    %lld, %lld online\n",
               STR(r->client.endpoint), STR(r->client.account), (long long)total,
               (long long)online);
    return online == total ? EXIT_WELL : EXIT_NOT_WELL;
}

const struct command command_status = {
    "status",
    "status",
    "whether the plane answers, and how many nodes are online",
    run_status,
};

/* --- compliance ----------------------------------------------------------- */

static bool is_compliant(const struct value *state)
{
    return value_get_int(state, S("MissingCount"), 0) == 0 &&
           value_get_int(state, S("FailedCount"), 0) == 0 &&
           value_get_int(state, S("InstalledPendingRebootCount"), 0) == 0 &&
           value_get_int(state, S("InstalledRejectedCount"), 0) == 0;
}

/* Asks for the patch states of all nodes of a place, fifty at a time. */
static int states_of(struct command_run *r, const struct place *p, const struct value *nodes,
                     struct value *states)
{
    struct client_call call = in_place(p, "AmazonSSM.DescribeInstancePatchStates");
    size_t next = 0;

    while (next < value_count(nodes)) {
        struct value *ids = value_list(&r->a), *found;
        for (; next < value_count(nodes) && value_count(ids) < 50; next++)
            value_append(&r->a, ids, value_get(value_at(nodes, next), S("InstanceId")));
        call.in = value_map(&r->a);
        value_set(&r->a, call.in, S("InstanceIds"), ids);
        PASS(client_list(&r->client, &call, S("InstancePatchStates"), &found, &r->why));
        for (size_t i = 0; i < value_count(found); i++) {
            struct value *state = value_at(found, i);
            command_mark(r, state, p);
            value_append(&r->a, states, state);
        }
    }
    return 0;
}

static struct value *state_of(const struct value *states, struct str node)
{
    for (size_t i = 0; i < value_count(states); i++)
        if (str_eq(value_get_str(value_at(states, i), S("InstanceId")), node))
            return value_at(states, i);
    return NULL;
}

static void judge(struct command_run *r, struct value *states)
{
    for (size_t i = 0; i < value_count(states); i++) {
        struct value *state = value_at(states, i);
        value_set_bool(&r->a, state, S("Compliant"),
                       is_compliant(state) && !value_get(state, S("LastRunFailed")));
    }
}

/* Every state with its node's name. A node never scanned is not compliant: nobody knows. */
static void add_names(struct command_run *r, const struct place *p, const struct value *nodes,
                      struct value *states)
{
    for (size_t i = 0; i < value_count(nodes); i++) {
        const struct value *node = value_at(nodes, i);
        struct str id = value_get_str(node, S("InstanceId"));
        struct value *state = state_of(states, id);

        if (!state) {
            state = value_map(&r->a);
            value_set_str(&r->a, state, S("InstanceId"), id);
            command_mark(r, state, p);
            value_set_bool(&r->a, state, S("Compliant"), false);
            value_set_bool(&r->a, state, S("NeverScanned"), true);
            value_append(&r->a, states, state);
        }
        value_set_str(&r->a, state, S("ComputerName"), value_get_str(node, S("ComputerName")));
    }
}

static int list_states(struct command_run *r, struct value **ret)
{
    struct place *places;
    size_t n_places;

    *ret = value_list(&r->a);
    PASS(command_places(r, &places, &n_places));
    for (size_t i = 0; i < n_places; i++) {
        struct client_call call = in_place(&places[i], "AmazonSSM.DescribeInstanceInformation");
        struct value *nodes, *here = value_list(&r->a);
        PASS(client_list(&r->client, &call, S("InstanceInformationList"), &nodes, &r->why));
        PASS(states_of(r, &places[i], nodes, here));
        PASS(failed_runs_mark(r, &places[i], here));
        judge(r, here);
        add_names(r, &places[i], nodes, here);
        for (size_t n = 0; n < value_count(here); n++)
            value_append(&r->a, *ret, value_at(here, n));
    }
    sort(*ret);
    return 0;
}

static struct str count_text(struct command_run *r, const struct value *state, struct str name)
{
    if (!value_get(state, name))
        return S("-");
    return arena_fmt(&r->a, "%lld", (long long)value_get_int(state, name, 0));
}

static struct str verdict(const struct value *state)
{
    if (value_get_bool(state, S("NeverScanned"), false))
        return S("never scanned");
    if (!is_compliant(state))
        return S("NO");
    return value_get(state, S("LastRunFailed")) ? S("not known: the last run failed") : S("yes");
}

static void print_states(struct command_run *r, const struct value *states)
{
    static const char *const headings[] = { "ACCOUNT",         "REGION", "NODE",      "HOST",
                                            ">INSTALLED",      ">OTHER", ">MISSING",  ">FAILED",
                                            ">PENDING REBOOT", "LAST",   "COMPLIANT", NULL };
    struct table t = table_new(&r->a, headings);

    for (size_t i = 0; i < value_count(states); i++) {
        const struct value *s = value_at(states, i);
        struct str *cells = table_row(&t);
        cells[0] = value_get_str(s, S("Account"));
        cells[1] = value_get_str(s, S("Region"));
        cells[2] = value_get_str(s, S("InstanceId"));
        cells[3] = value_get_str(s, S("ComputerName"));
        cells[4] = count_text(r, s, S("InstalledCount"));
        cells[5] = count_text(r, s, S("InstalledOtherCount"));
        cells[6] = count_text(r, s, S("MissingCount"));
        cells[7] = count_text(r, s, S("FailedCount"));
        cells[8] = count_text(r, s, S("InstalledPendingRebootCount"));
        cells[9] = command_time(r, value_get(s, S("OperationEndTime")));
        cells[10] = verdict(s);
    }
    table_print(&t);
}

static int run_compliance(struct command_run *r)
{
    struct value *states;

    int status = command_no_arguments(r, "compliance");
    if (status != EXIT_WELL)
        return status;
    int result = list_states(r, &states);
    if (result != 0)
        return command_failed(r, result);
    if (r->json)
        command_print_json(r, states);
    else
        print_states(r, states);
    if (value_count(states) == 0) { /* not "all are compliant": perhaps the place is a wrong one */
        command_tell_empty(r, "managed nodes");
        return EXIT_NOT_WELL;
    }
    for (size_t i = 0; i < value_count(states); i++)
        if (!value_get_bool(value_at(states, i), S("Compliant"), false))
            return EXIT_NOT_WELL;
    return EXIT_WELL;
}

const struct command command_compliance = {
    "compliance",
    "compliance",
    "patch compliance of every node",
    run_compliance,
};

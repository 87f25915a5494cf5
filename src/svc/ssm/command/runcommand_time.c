/* SPDX-License-Identifier: Apache-2.0 */
/* How long a command may run, the documents that its document runs included. */
#include "svc/ssm/command/command_doc.h"
#include "svc/ssm/command/runcommand.h"
#include "svc/ssm/document/document.h"

#define MAX_DEPTH     3  /* as the agents have it */
#define MAX_DOCUMENTS 50 /* that are looked at; a further one counts as a step */

struct timing {
    struct op *op;
    int n_documents;
};

static int run_time(struct timing *t, const struct command_doc *doc, const struct value *arguments,
                    int depth, msec *ret);

/* A document that is not there, or cannot be run, counts as any step. */
static int document_time(struct timing *t, const struct doc_run *run, int depth, msec *ret)
{
    struct arena *a = t->op->arena;
    struct document d;
    struct command_doc doc;
    struct value *root;
    struct str why;

    int found = document_get(t->op, run->name, run->version, (struct str){ 0 }, &d);
    if (found > 0 || (found == 0 && !str_eq(d.type, S("Command"))))
        return 0;
    TRY(found);
    int parsed = document_tree(t->op, &d, &root);
    if (parsed == 0)
        parsed = command_doc_parse(a, root, &doc, &why);
    if (parsed > 0)
        return 0;
    TRY(parsed);
    return run_time(t, &doc, run->arguments, depth, ret);
}

static int run_time(struct timing *t, const struct command_doc *doc, const struct value *arguments,
                    int depth, msec *ret)
{
    msec total = command_doc_timeout(t->op->arena, doc, arguments);
    struct doc_run run;

    for (size_t i = 0; i < doc->n_steps; i++) {
        msec nested = COMMAND_DOC_STEP_TIMEOUT;
        if (depth >= MAX_DEPTH || t->n_documents >= MAX_DOCUMENTS ||
            !command_doc_runs(t->op->arena, doc, arguments, i, &run))
            continue;
        t->n_documents++;
        TRY(document_time(t, &run, depth + 1, &nested));
        total += nested - COMMAND_DOC_STEP_TIMEOUT;
    }
    *ret = total;
    return 0;
}

int runcommand_time(struct op *op, const struct command_doc *doc, const struct value *arguments,
                    msec *ret)
{
    struct timing t = { .op = op };

    TRY(run_time(&t, doc, arguments, 0, ret));
    return 0;
}

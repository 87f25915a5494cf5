/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a command is. A step's attempt sends one command at the most, however
 * often its task is repeated: SendCommand notes the owner in its own
 * transaction. An attempt that is given up before leaves a note too, so that a
 * SendCommand on its way then comes to nothing.
 */
#include "svc/ssm/automation/automation.h"
#include "svc/ssm/automation/automation_task.h"
#include "svc/ssm/command/runcommand.h"

struct str automation_owner(const struct op *op)
{
    for (size_t i = 0; op->is_internal && i < op->n_keys; i++)
        if (str_eq(op->keys[i].name, S(AUTOMATION_OWNER_KEY)))
            return op->keys[i].values.items[0];
    return (struct str){ 0 };
}

/* Empty: given up. DB_NO_ROW. */
static int find(struct op *op, struct str owner, struct str *ret)
{
    return db_str(op->db, op->arena, ret,
                  "SELECT COALESCE(command_id, '') FROM ssm_command_owner WHERE owner = $1",
                  ARGS(V(owner)));
}

int automation_owned(struct op *op, struct str owner, struct str *ret_command)
{
    int found = find(op, owner, ret_command);

    if (found == DB_NO_ROW)
        return DB_NO_ROW;
    TRY(found);
    return str_is_empty(*ret_command) ? op_invalid(op, "The step has been cancelled.") : 0;
}

int automation_own(struct op *op, struct str owner, struct str command)
{
    TRY(db_exec(op->db, NULL, "INSERT INTO ssm_command_owner (owner, command_id) VALUES ($1, $2)",
                ARGS(V(owner), V(command))));
    return 0;
}

int automation_disown(struct op *op, struct str owner, bool *ret_was_sent)
{
    struct str command;

    int found = find(op, owner, &command);
    *ret_was_sent = found == 0 && !str_is_empty(command);
    if (found == DB_NO_ROW)
        return automation_own(op, owner, (struct str){ 0 });
    TRY(found);
    if (*ret_was_sent)
        TRY(runcommand_cancel(op, command));
    return 0;
}

int automation_command_over(struct op *op, struct str command)
{
    struct task task = { .kind = S(AUTOMATION_COMMAND_TASK), .payload = command };

    int found =
        db_str(op->db, op->arena, &task.key,
               "SELECT owner FROM ssm_command_owner WHERE command_id = $1", ARGS(V(command)));
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    TRY(task_add(op, &task));
    return 0;
}
